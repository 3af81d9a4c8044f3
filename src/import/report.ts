// What an import reports at its end: counts, reasons, and what KernelCI schedules in vain.
import type { Importing } from './context.ts';
import type { Count, Remark } from './ledger.ts';
import type { ImportedPlan } from './jobs.ts';
import type { Lab } from './runtimes.ts';
import type { Combination, Schedule } from './scheduler.ts';

/** A combination, and what became of it. */
export interface Tested {
  combination: Combination;
  /** How often it is scheduled. */
  times: number;
  /** Why KernelCI's scheduler can never start it. */
  never: string | undefined;
  /** Why what KernelCI's templates make of it cannot run. */
  faults: string[];
  /** What of it did not come over. */
  missing: 'platform' | 'job' | undefined;
  /** Why there is no definition of it here. */
  refusal: { code: string; message: string } | undefined;
}

/** Combinations that share a reasonLine. */
export interface ByReason {
  reason: string;
  combinations: number;
  /** Of these, how many are rendered here. */
  rendered: number;
  /** Ids of all, `job platform lab build`. */
  ids: string[];
}

/** Combinations of job, board, lab and build. */
export interface Tally {
  /** How many different ones there are. */
  found: number;
  /** How many of them are scheduled more than once. */
  twice: number;
  /** How many give a definition here, and how many do not. */
  rendered: number;
  refused: number;
}

export interface Report {
  counts: Count[];
  /** On LAVA labs, and on labs that pull PULL_LABS definitions. */
  combinations: { lava: Tally; pull_labs: Tally };
  /** Combinations without a definition here, by reason. */
  refused: ByReason[];
  not_brought: Remark[];
  notes: Remark[];
  /** Scheduled, and KernelCI's scheduler can never start it. */
  never_started: ByReason[];
  /** Scheduled and started, and LAVA cannot run what KernelCI's templates make of it. */
  cannot_run: ByReason[];
  /** Scheduled by unknown names. */
  unknown_names: { reason: string; names: string[]; combinations: number }[];
  to_fill_in: string[];
}

/** Sections that a lab has no use for, and why. */
const NOT_NEEDED: Readonly<Record<string, string>> = {
  api: 'only the one that --api names',
  storage: 'only the one that --storage names',
  trees: "where a tree's repository is: comes with each job",
  fragments: 'for builds',
  build_environments: 'for builds',
  build_variants: 'for builds',
  hardware_registry: 'a catalogue that no job reads',
};
const IMPORTED = new Set(['runtimes', 'platforms', 'jobs', 'rootfs', 'scheduler', 'build_configs']);

export function summarize(
  { source, ledger }: Importing,
  parts: { labs: ReadonlyMap<string, Lab>; plans: ReadonlyMap<string, ImportedPlan>; schedule: Schedule },
  tested: readonly Tested[],
  todo: readonly string[],
): Report {
  const isPull = ({ combination }: Tested): boolean => parts.labs.get(combination.lab)?.way === 'pull_labs';
  const refused = tested.filter(({ refusal }) => refusal !== undefined);
  return {
    counts: [...ledger.counts(), ...otherSections(source)],
    combinations: {
      lava: tally(tested.filter((one) => !isPull(one))),
      pull_labs: tally(tested.filter(isPull)),
    },
    refused: byReason(refused, (one) => [whyRefused(one)]),
    not_brought: [...ledger.notBrought(), ...sectionRemarks(source)],
    notes: [
      ...ledger.notes(),
      ...source.oddities.map(({ place, text }) => ({ kind: 'files', reason: text, names: [place] })),
    ],
    never_started: byReason(tested, ({ never }) => (never === undefined ? [] : [never])),
    cannot_run: byReason(tested, ({ never, faults }) => (never === undefined ? faults : [])),
    unknown_names: parts.schedule.unknown,
    to_fill_in: [...todo, ...labTodo([...parts.labs.values()])],
  };
}

function tally(tested: readonly Tested[]): Tally {
  const refused = tested.filter(({ refusal }) => refusal !== undefined).length;
  const twice = tested.filter(({ times }) => times > 1).length;
  return { found: tested.length, twice, rendered: tested.length - refused, refused };
}

function otherSections(source: Importing['source']): Count[] {
  return source
    .sections()
    .filter((section) => !IMPORTED.has(section) && source.entries(section).length > 0)
    .map((section) => ({ kind: `section ${section}`, found: source.entries(section).length, over: 0 }));
}

function sectionRemarks(source: Importing['source']): Remark[] {
  return source
    .sections()
    .filter((section) => !IMPORTED.has(section))
    .map((section) => ({
      kind: `section ${section}`,
      reason: NOT_NEEDED[section] ?? 'nothing here reads it',
      names: [],
    }));
}

function whyRefused({ missing, combination, refusal }: Tested): string {
  if (missing === 'platform') return `platform ${combination.platform} did not come over`;
  if (missing === 'job') return `job ${combination.job} did not come over`;
  // The same reason on many boards stands once.
  const message = (refusal?.message ?? '')
    .replaceAll(combination.platform, '…')
    .replaceAll(combination.job, '…');
  return `${refusal?.code ?? ''}: ${message}`;
}

function byReason(tested: readonly Tested[], reasonsOf: (one: Tested) => readonly string[]): ByReason[] {
  const all = new Map<string, ByReason>();
  for (const one of tested) {
    for (const reason of reasonsOf(one)) {
      const reasonLine = all.get(reason) ?? { reason, combinations: 0, rendered: 0, ids: [] };
      all.set(reason, reasonLine);
      const { job, platform, lab, build } = one.combination;
      reasonLine.combinations += 1;
      reasonLine.rendered += one.refusal === undefined ? 1 : 0;
      reasonLine.ids.push([job, platform, lab, build ?? 'any-build'].join(' '));
    }
  }
  return [...all.values()].toSorted((a, b) => b.combinations - a.combinations);
}

/** The same words for several labs stand once. */
function labTodo(labs: readonly Lab[]): string[] {
  const byText = new Map<string, string[]>();
  for (const { name, todo } of labs)
    for (const text of todo) byText.set(text, [...(byText.get(text) ?? []), name]);
  return [...byText].map(([text, names]) => `${text} (${names.join(', ')})`);
}
