// Which builds a board or a plan is for: KernelCI's `rules`, as its scheduler reads them
// (kernelci-core kernelci/api/helper.py, August 2026).
import { z } from 'zod';

const Version = z.strictObject({
  version: z.number().int().min(0),
  patchlevel: z.number().int().min(0),
});

const Words = z
  .array(z.string().min(1))
  .min(1)
  .describe('An allow-list; an item that begins with ! forbids instead.');

/** Every key names a field of the build node; its value is an allow-list with `!` for what is forbidden. */
export const Rules = z
  .object({
    min_version: Version.describe('The oldest kernel, itself included.').optional(),
    max_version: Version.describe('The newest kernel, itself included.').optional(),
    tree: Words.describe('Trees, or tree:branch pairs; with ! what is not wanted.').optional(),
    branch: Words.describe('Branches, or tree:branch pairs; with ! what is not wanted.').optional(),
    arch: Words.optional(),
    defconfig: Words.optional(),
    fragments: Words.describe(
      'Config fragments that the build must have, or with ! must not have.',
    ).optional(),
  })
  .catchall(Words)
  .describe('Which builds this is for. A build that the rules refuse is not run.');
export type Rules = z.infer<typeof Rules>;

/** What rules are asked about: a build and its revision. */
export interface RuleFacts {
  tree: string | undefined;
  branch: string | undefined;
  version: { version: number; patchlevel: number } | undefined;
  /** A field of the build by its name (arch, defconfig, fragments, …); undefined if it has none. */
  field: (name: string) => string | readonly string[] | undefined;
}

/** Why a build is refused: by which key (`tree`, `arch`), and in words for people. */
export interface BuildRefusal {
  key: string;
  text: string;
}

/** Why the rules refuse a build; undefined if they let it through. */
export function ruleRefusal(rules: Rules | undefined, facts: RuleFacts): BuildRefusal | undefined {
  if (rules === undefined) return undefined;
  const { min_version, max_version, tree, branch, ...fields } = rules;
  return (
    versionRefusal(min_version, max_version, facts.version) ??
    placeRefusal(tree, branch, facts) ??
    firstRefusal(Object.entries(fields), facts)
  );
}

type Release = RuleFacts['version'];

function versionRefusal(min: Release, max: Release, version: Release): BuildRefusal | undefined {
  if (min === undefined && max === undefined) return undefined;
  if (version === undefined)
    return {
      key: min === undefined ? 'max_version' : 'min_version',
      text: 'the kernel’s version is not known',
    };
  const number = (v: NonNullable<Release>): number => v.version * 100_000 + v.patchlevel;
  const shown = (v: NonNullable<Release>): string => `${v.version}.${v.patchlevel}`;
  if (min !== undefined && number(version) < number(min))
    return { key: 'min_version', text: `kernel ${shown(version)} is older than ${shown(min)}` };
  if (max !== undefined && number(version) > number(max))
    return { key: 'max_version', text: `kernel ${shown(version)} is newer than ${shown(max)}` };
  return undefined;
}

/** Trees and branches: a pair `tree:branch` that is wanted settles both. */
function placeRefusal(
  trees: readonly string[] = [],
  branches: readonly string[] = [],
  { tree, branch }: RuleFacts,
): BuildRefusal | undefined {
  const pair = `${tree ?? ''}:${branch ?? ''}`;
  const all = [...trees, ...branches];
  if (all.includes(`!${pair}`)) {
    const key = trees.includes(`!${pair}`) ? 'tree' : 'branch';
    return { key, text: `${pair} is not wanted` };
  }
  if (all.includes(pair)) return undefined;
  for (const [name, items, value] of [
    ['tree', trees, tree],
    ['branch', branches, branch],
  ] as const) {
    const single = items.filter((item) => !item.includes(':'));
    const onlyPairs = single.length === 0 && items.some((item) => !item.startsWith('!'));
    const refusal = onlyPairs
      ? { key: name, text: `${pair} is none of ${items.join(', ')}` }
      : listRefusal(name, single, value);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function firstRefusal(fields: readonly [string, unknown][], facts: RuleFacts): BuildRefusal | undefined {
  for (const [name, items] of fields) {
    const refusal = listRefusal(name, Words.parse(items), facts.field(name));
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function listRefusal(
  key: string,
  items: readonly string[],
  value: string | readonly string[] | undefined,
): BuildRefusal | undefined {
  const values = value === undefined ? [] : typeof value === 'string' ? [value] : value;
  const denied = values.find((v) => items.includes(`!${v}`));
  if (denied !== undefined) return { key, text: `${key} ${denied} is not wanted` };
  const wanted = items.filter((item) => !item.startsWith('!'));
  if (wanted.length === 0 || values.some((v) => wanted.includes(v))) return undefined;
  const found = values.length === 0 ? 'is not known' : values.join(', ');
  return { key, text: `${key} ${found}: wanted is ${wanted.join(' or ')}` };
}
