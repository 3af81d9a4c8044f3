// Whether a combination can ever run: is there a build that its job, board, lab, entry and the build's own rules all
// let through? kernelci-pipeline src/scheduler.py asks them one by one, and says nothing when one refuses.
import type { Rules } from '../catalog/rules.ts';
import type { Importing } from './context.ts';
import { refusedBy, takeRules, type BuildFacts } from './rules.ts';
import type { BuildConfig, Job } from './schema.ts';
import { Job as JobSchema } from './schema.ts';
import { checkEntries } from './source.ts';

/** A build job of KernelCI. */
export interface Build {
  name: string;
  job: Job;
  rules: Rules | undefined;
  fields: BuildFacts['fields'];
}

/** KernelCI's build jobs, by name. */
export function readBuilds({ source }: Importing): Map<string, Build> {
  const jobs = checkEntries(source.entries('jobs'), JobSchema, () => undefined);
  return new Map(
    jobs
      .filter(({ value }) => value.template.endsWith('kbuild.jinja2'))
      .map(({ name, value }) => [
        name,
        { name, job: value, rules: takeRules(value.rules).rules, fields: buildFields(value.params ?? {}) },
      ]),
  );
}

function buildFields(params: Readonly<Record<string, unknown>>): BuildFacts['fields'] {
  const fields: Record<string, string | string[]> = { fragments: [] };
  for (const key of ['arch', 'compiler', 'defconfig', 'fragments']) {
    const value = params[key];
    if (Array.isArray(value)) fields[key] = value.map(String);
    else if (typeof value === 'string') fields[key] = value;
  }
  return fields;
}

/** Somebody's rules, and whose they are, for the report. */
export interface Demand {
  whose: string;
  rules: Rules | undefined;
}

/** A build that all demands let through, or what stands against every one. */
export function findBuild(
  build: Build | undefined,
  demands: readonly Demand[],
  trees: readonly BuildConfig[],
): BuildFacts | { refused: string } {
  const fields = build?.fields ?? {};
  const all = [{ whose: "the build's rules", rules: build?.rules }, ...demands];
  // What does not depend on the tree comes first: it is the plainest reason.
  const anywhere: BuildFacts = { tree: '', branch: '', version: undefined, fields };
  for (const { whose, rules } of all) {
    const { tree: _t, branch: _b, ...rest } = rules ?? {};
    const word = refusedBy(rest, anywhere);
    if (word !== undefined) return { refused: `${whose} refuse it (${word})` };
  }
  const candidates = trees.length === 0 ? [{ tree: 'mainline', branch: 'master' }] : trees;
  const against = new Set<string>();
  for (const candidate of candidates) {
    const facts: BuildFacts = { ...candidate, version: versionOf(candidate.branch), fields };
    const refusing = isOtherArch(candidate, fields)
      ? 'the tree'
      : all.find(({ rules }) => refusedBy(rules, facts) !== undefined)?.whose;
    if (refusing === undefined) return facts;
    against.add(refusing);
  }
  return { refused: `no branch that is built passes ${[...against].toSorted().join(', ')} together` };
}

function isOtherArch({ architectures }: Partial<BuildConfig>, { arch }: BuildFacts['fields']): boolean {
  return architectures !== undefined && typeof arch === 'string' && !architectures.includes(arch);
}

/** The kernel version that a branch's name gives: `linux-6.12.y`, `android16-6.12`, `v6.1-rt`. */
function versionOf(branch: string): BuildFacts['version'] {
  const [, version, patchlevel] = /(?:^|[-_/v])(\d+)\.(\d+)(?!\d)/.exec(branch) ?? [];
  if (version === undefined || patchlevel === undefined) return undefined;
  return { version: Number(version), patchlevel: Number(patchlevel) };
}
