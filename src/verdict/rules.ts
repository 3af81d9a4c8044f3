// The table of verdicts: the first rule that fits a situation decides. What each column says of a status is the table's;
// how a column is worked out is judge.ts's.
import type { Status } from './model.ts';
import type { Situation } from './situation.ts';

/** `infra`: the configured status of infrastructure failures. `own`: the highest of its leaves (rule 14). */
export type RootStatus = Exclude<Status, 'FAIL'> | 'FAIL' | 'infra' | 'own';

/** `login?X`: PASS if a login was reached, else X. */
export type BootStatus = 'PASS' | 'FAIL' | 'MISS' | 'login?infra' | 'login?MISS';

/** Which tests an incident may stand on. `there|boot`: the root it happened in, or the boot test if there is none. */
export type IncidentPlace = 'boot' | 'there' | 'there|boot' | 'crashed' | 'failed' | 'missing' | 'none';

/** An issue without `blame` is the kernel's only; one of `unknown` has no culprit. */
export interface Incident {
  on: IncidentPlace;
  /** The kernel's reports there, if there are any, explain it. */
  kernel?: true;
  /** What else does. */
  blame?: 'harness' | 'tool' | 'unknown';
}

export interface Rule {
  number: number;
  /** For people: what is the case when the rule fits. */
  situation: string;
  fits: (s: Situation) => boolean;
  boot: BootStatus;
  /** The root it happened in, and those that never started. `next`: as the next rule that fits says. */
  roots: { there: RootStatus; after: RootStatus } | 'next';
  incident: Incident;
  /** A failed leaf makes a root FAIL that would be ERROR. */
  failOverError?: boolean;
}

const kernelReached = (s: Situation): boolean => s.reached === 'kernel';

export const RULES: readonly Rule[] = [
  {
    number: 1,
    situation: 'the job never ran',
    fits: (s) => s.ending !== undefined || !s.onDevice,
    boot: 'MISS',
    roots: { there: 'MISS', after: 'MISS' },
    incident: { on: 'boot', blame: 'harness' },
  },
  {
    number: 2,
    situation: 'the kernel crashed in the boot phase',
    fits: (s) => s.bootCrash !== undefined,
    boot: 'FAIL',
    roots: { there: 'MISS', after: 'MISS' },
    incident: { on: 'boot', kernel: true },
  },
  {
    number: 3,
    situation: 'the kernel crashed in a test suite',
    fits: (s) => s.suiteCrashes.length > 0,
    boot: 'PASS',
    roots: { there: 'FAIL', after: 'MISS' },
    incident: { on: 'crashed', kernel: true },
  },
  {
    number: 4,
    situation: 'the job was canceled on a device',
    fits: (s) => s.canceled,
    boot: 'login?MISS',
    roots: { there: 'ERROR', after: 'MISS' },
    incident: { on: 'none' },
    failOverError: true,
  },
  {
    number: 5,
    situation: 'an earlier boot attempt crashed or kernel messages failed, but a login passed in the end',
    fits: (s) => s.loginReached && (s.earlierCrash !== undefined || s.kernelMessagesFailed),
    boot: 'FAIL',
    // "own (14)": that is what the next rule says of a job that is Complete. Where one was cut short, its unfinished
    // roots have no status of their own, and LAVA's word is asked.
    roots: 'next',
    incident: { on: 'boot', kernel: true, blame: 'unknown' },
  },
  {
    number: 6,
    situation: 'a kernel ran, but no login passed',
    fits: (s) => kernelReached(s) && !s.complete && s.errorType === 'Job' && !s.wholeJobTimeout,
    boot: 'FAIL',
    roots: { there: 'MISS', after: 'MISS' },
    incident: { on: 'boot', kernel: true, blame: 'unknown' },
  },
  {
    number: 7,
    situation: 'the boot loader started the kernel, which wrote nothing until the login timed out',
    fits: (s) =>
      s.reached === 'handover' &&
      !s.complete &&
      s.errorType === 'Job' &&
      s.loginTimedOut &&
      !s.wholeJobTimeout,
    boot: 'FAIL',
    roots: { there: 'MISS', after: 'MISS' },
    incident: { on: 'boot', blame: 'unknown' },
  },
  {
    number: 8,
    situation: 'the infrastructure failed',
    fits: (s) =>
      !s.complete &&
      (s.errorType === 'Infrastructure' ||
        (s.evidence.lava?.health === 'Incomplete' && s.jobCase === undefined)),
    boot: 'login?infra',
    roots: { there: 'infra', after: 'infra' },
    incident: { on: 'there|boot', blame: 'harness' },
  },
  {
    number: 9,
    situation: 'the job failed before a kernel was started',
    fits: (s) =>
      !s.complete && s.errorType === 'Job' && ['nothing', 'deploy', 'bootloader'].includes(s.reached),
    boot: 'MISS',
    roots: { there: 'MISS', after: 'MISS' },
    incident: { on: 'boot', blame: 'harness' },
  },
  {
    number: 10,
    situation: 'a test was cut short after the login',
    fits: (s) => !s.complete && s.loginReached && ['LAVATimeout', 'Test', 'Job'].includes(s.errorType),
    boot: 'PASS',
    roots: { there: 'ERROR', after: 'MISS' },
    incident: { on: 'there', blame: 'tool' },
    failOverError: true,
  },
  {
    number: 11,
    situation: 'the jobs of a multinode group did not meet in time',
    fits: (s) => !s.complete && s.errorType === 'MultinodeTimeout',
    boot: 'login?MISS',
    roots: { there: 'ERROR', after: 'MISS' },
    incident: { on: 'there|boot', blame: 'unknown' },
    failOverError: true,
  },
  {
    number: 12,
    situation: 'LAVA itself failed, or ended without a reason that tells of the kernel',
    fits: (s) => !s.complete,
    boot: 'login?MISS',
    roots: { there: 'MISS', after: 'MISS' },
    incident: { on: 'there|boot', blame: 'harness' },
  },
  {
    number: 13,
    situation: 'the job is Complete, but a test that was asked for never started or has no case',
    fits: (s) => missingRoots(s).length > 0,
    boot: 'PASS',
    roots: { there: 'ERROR', after: 'own' },
    incident: { on: 'missing', blame: 'tool' },
  },
  {
    number: 14,
    situation: 'the job is Complete',
    fits: () => true,
    boot: 'PASS',
    roots: { there: 'own', after: 'own' },
    incident: { on: 'failed', kernel: true },
  },
];

/** The roots of a complete job without a single case. The boot test needs none. */
export function missingRoots({ suites }: Situation): Situation['suites']['roots'] {
  return suites.roots.filter(
    (root) => !suites.runs.some((run) => run.root === root && run.started && run.cases.length > 0),
  );
}

/** The first rule that fits, and the one that speaks for the roots. */
export function findRules(s: Situation): { rule: Rule; rootRule: Rule } {
  const [rule, ...later] = RULES.filter((candidate) => candidate.fits(s));
  if (rule === undefined) throw new Error('unreachable: the last rule fits everything');
  const rootRule = rule.roots === 'next' ? (later[0] ?? rule) : rule;
  return { rule, rootRule };
}
