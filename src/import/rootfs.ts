// KernelCI's rootfs sets → ours.
import { RootfsName, RootfsSet } from '../catalog/rootfs.ts';
import { firstIssue } from '../core/issue-path.ts';
import type { Importing } from './context.ts';
import { formatText, LATER_WORDS } from './format.ts';
import { Rootfs } from './schema.ts';
import { checkEntries } from './source.ts';

const KIND = 'rootfs sets';

/** The parameters that say where a root file system is; rootfs_ref fills in those that are not given. */
const ROOT_KEYS = ['ramdisk', 'nfsroot', 'ramdiskroot', 'rootfs'] as const;

/** All sets that could be taken over, by name. */
export function importRootfs({ source, ledger }: Importing): Map<string, RootfsSet> {
  const sets = new Map<string, RootfsSet>();
  const entries = checkEntries(source.entries('rootfs'), Rootfs, (entry, reason) =>
    ledger.left(KIND, entry.name, reason),
  );
  for (const { name, value } of entries) {
    const { set, problem } = takeRoot(value);
    const other = Object.keys(value).filter((key) => !isRootKey(key));
    if (!RootfsName.safeParse(name).success) {
      ledger.left(KIND, name, 'its name is none that a plan could use');
    } else if (problem !== undefined) {
      ledger.left(KIND, name, problem);
    } else {
      if (other.length > 0) ledger.note(KIND, name, `without ${other.join(', ')}, which nothing here reads`);
      ledger.over(KIND);
      sets.set(name, set);
    }
  }
  return sets;
}

/**
 * The root file systems among some parameters. `words` are filled in; without a board, the architecture's words stay
 * for later.
 */
export function takeRoot(
  params: Readonly<Record<string, unknown>>,
  words: Readonly<Record<string, string>> = LATER_WORDS,
): { set: RootfsSet; problem: string | undefined } {
  const given = ROOT_KEYS.flatMap((key) => {
    const value = params[key];
    if (value === undefined || value === null || value === '') return [];
    return [[key, typeof value === 'string' ? formatText(value, words).text : value]];
  });
  const parsed = RootfsSet.safeParse(Object.fromEntries(given));
  if (parsed.success) return { set: parsed.data, problem: undefined };
  return { set: {}, problem: firstIssue(parsed.error).text };
}

export function isRootKey(key: string): boolean {
  return ROOT_KEYS.some((known) => known === key);
}
