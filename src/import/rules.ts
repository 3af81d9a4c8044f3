// KernelCI's `rules` in our form, and what they say of a build: kernelci-core kernelci/api/helper.py, August 2026.
import { Rules } from '../catalog/rules.ts';

export interface TakenRules {
  rules: Rules | undefined;
  /** What was in them that we cannot say. */
  problems: string[];
}

/** The rules in our form; a single word counts as a list of one, no rules as none. */
export function takeRules(raw: Readonly<Record<string, unknown>> | undefined): TakenRules {
  const taken: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(raw ?? {})) {
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    const parsed = Rules.safeParse({ [key]: inOurForm(key, value) });
    if (parsed.success) taken[key] = parsed.data[key];
    else problems.push(`rules.${key}: ${parsed.error.issues[0]?.message ?? 'not readable'}`);
  }
  return { rules: Object.keys(taken).length === 0 ? undefined : (taken as Rules), problems };
}

function inOurForm(key: string, value: unknown): unknown {
  if (key === 'min_version' || key === 'max_version') return value;
  return (Array.isArray(value) ? value : [value]).map((word: unknown) =>
    typeof word === 'number' || typeof word === 'boolean' ? String(word) : word,
  );
}

/** Rules that say what both say; `nothing left` if the two share no allowed word. */
export function bothRules(a: Rules | undefined, b: Rules | undefined): Rules | undefined | 'nothing left' {
  if (a === undefined || b === undefined) return a ?? b;
  const both: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const other = both[key];
    if (Array.isArray(value) && Array.isArray(other)) {
      const words = bothLists(key, other as string[], value);
      if (words === undefined) return 'nothing left';
      both[key] = words;
    } else if (key === 'min_version' || key === 'max_version') {
      both[key] = stricter(key, a[key], b[key]);
    } else {
      both[key] = value;
    }
  }
  return both as Rules;
}

function bothLists(key: string, a: readonly string[], b: readonly string[]): string[] | undefined {
  const denied = [...a, ...b].filter((word) => word.startsWith('!'));
  const [mine, theirs] = [a, b].map((words) => words.filter((word) => !word.startsWith('!')));
  if (!mine?.length || !theirs?.length) return unique([...(mine ?? []), ...(theirs ?? []), ...denied]);
  const within = (word: string, words: readonly string[]): boolean =>
    words.includes(word) || (key === 'tree' && words.includes(word.split(':')[0] ?? ''));
  const shared = [
    ...mine.filter((word) => within(word, theirs)),
    ...theirs.filter((word) => within(word, mine)),
  ];
  return shared.length === 0 ? undefined : unique([...shared, ...denied]);
}

function stricter(
  key: 'min_version' | 'max_version',
  a: Rules['min_version'],
  b: Rules['min_version'],
): Rules['min_version'] {
  if (a === undefined || b === undefined) return a ?? b;
  const isLess = a.version < b.version || (a.version === b.version && a.patchlevel < b.patchlevel);
  return isLess === (key === 'max_version') ? a : b;
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}

/** What is known of a build before it is made. A field that is not there is not known, and no rule refuses it. */
export interface BuildFacts {
  tree: string;
  branch: string;
  /** Undefined: the newest there is. */
  version: { version: number; patchlevel: number } | undefined;
  /** `fragments`, `defconfig`, `arch`, …; of a list each member counts. */
  fields: Readonly<Record<string, string | readonly string[]>>;
}

/** Which rule refuses the build: its key and its words; undefined if none does. */
export function refusedBy(rules: Rules | undefined, build: BuildFacts): string | undefined {
  for (const [key, value] of Object.entries(rules ?? {})) {
    if (key === 'min_version' || key === 'max_version' || key === 'tree' || key === 'branch') continue;
    const field = Object.hasOwn(build.fields, key) ? build.fields[key] : undefined;
    if (field === undefined || !Array.isArray(value)) continue;
    const word = refusedWord(value, typeof field === 'string' ? [field] : field);
    if (word !== undefined) return `${key}: ${word}`;
  }
  return refusedVersion(rules, build) ?? refusedTree(rules, build);
}

/** A denied member refuses; with an allow-list one member at least must be on it. */
function refusedWord(words: readonly string[], members: readonly string[]): string | undefined {
  const denied = words.find((word) => word.startsWith('!') && members.includes(word.slice(1)));
  if (denied !== undefined) return denied;
  const allowed = words.filter((word) => !word.startsWith('!'));
  const isOn = allowed.length === 0 || members.some((member) => allowed.includes(member));
  return isOn ? undefined : allowed.join(', ');
}

function refusedVersion(rules: Rules | undefined, { version }: BuildFacts): string | undefined {
  if (version === undefined) return undefined;
  const [min, max] = [rules?.min_version, rules?.max_version];
  const order = (bound: NonNullable<typeof min>): number =>
    version.version - bound.version || version.patchlevel - bound.patchlevel;
  if (min && order(min) < 0) return `min_version: ${min.version}.${min.patchlevel}`;
  if (max && order(max) > 0) return `max_version: ${max.version}.${max.patchlevel}`;
  return undefined;
}

/** `tree:branch` pairs may stand in either list; one that fits settles it. */
function refusedTree(rules: Rules | undefined, { tree, branch }: BuildFacts): string | undefined {
  const pair = `${tree}:${branch}`;
  for (const [key, own] of [
    ['tree', tree],
    ['branch', branch],
  ] as const) {
    const words = rules?.[key] ?? [];
    if (words.includes(pair)) return undefined;
    const word = refusedWord(words, [own, pair]);
    if (word !== undefined) return `${key}: ${word}`;
  }
  return undefined;
}
