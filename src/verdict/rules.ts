// The table of verdicts: the first rule that fits a situation decides. All that a rule means stands in its row; how a
// column is worked out is judge.ts's.
import type { RuleName, Status } from './model.ts';
import type { ErrorCode } from './node-result.ts';
import type { Situation } from './situation.ts';
import type { RootPlan } from './suites.ts';

/** `infra`: the configured status of infrastructure failures. `own`: the highest of its leaves. */
export type RootStatus = Status | 'infra' | 'own';

/** `login?X`: PASS if a login was reached, else X. */
type BootStatus = 'PASS' | 'FAIL' | 'ERROR' | 'MISS' | 'infra' | 'login?infra' | 'login?MISS';

/** The statuses of the tests after the boot. */
interface RootColumns {
  /** The root it happened in. */
  there: RootStatus;
  /** Those that never started. */
  after: RootStatus;
  /** Those in which the kernel crashed, if not as `there`. */
  crashed?: RootStatus;
}

/** Which tests an incident may stand on. `there|boot`: the root it happened in, or the boot test if there is none. */
export type IncidentPlace = 'boot' | 'there' | 'there|boot' | 'crashed' | 'failed' | 'missing' | 'none';

/** What an issue is about: LAVA's `error_type` or a word of ours, and a sentence. */
export interface IssueText {
  type: string;
  message: string;
}

/** An issue without `blame` is the kernel's only; one of `unknown` has no culprit. */
interface Incident {
  on: IncidentPlace;
  /** The kernel's reports there, if there are any, explain it. */
  kernel?: true;
  /** What else does. */
  blame?: 'harness' | 'tool' | 'unknown';
  /** What that issue is about; without it, or where it gives nothing, LAVA's word. */
  text?: (s: Situation, root: RootPlan) => IssueText | undefined;
}

export interface Rule {
  name: RuleName;
  /** For people: what is the case when the rule fits. */
  situation: string;
  fits: (s: Situation) => boolean;
  boot: BootStatus;
  /**
   * `next`: as the next rule that fits says. `each`: each root for itself, one without results is ERROR. `never`: none of
   * them ran, whatever was stored.
   */
  roots: RootColumns | 'next' | 'each' | 'never';
  incident: Incident;
  /** The lab failed, and nothing was found out of the kernel: another attempt may do better. */
  labFailed?: true;
  /** Somebody did not want the job any more. */
  canceled?: true;
  /** A failed leaf makes a root FAIL that would be ERROR. */
  failOverError?: true;
  /** A failed case in the root it happened in is the infrastructure's failure: a dying connection makes tests fail. */
  leavesFailAs?: 'infra';
  /** What Maestro's node gets as its error code; without it LAVA's error type. */
  nodeCode?: ErrorCode | ((s: Situation) => ErrorCode);
  /** Why the boot test has its status, for people; without it, or where it says nothing, the job's own reason. */
  bootReason?: (s: Situation) => string | undefined;
  /** The same for a root. */
  rootReason?: (s: Situation, path: string) => string | undefined;
}

const kernelReached = (s: Situation): boolean => s.reached === 'kernel' || s.reached === 'userspace';

const NONE_AFTER: RootColumns = { there: 'MISS', after: 'MISS' };

export const RULES: readonly Rule[] = [
  {
    name: 'never-ran',
    situation: 'the job never ran',
    fits: (s) => s.ending !== undefined || !s.onDevice,
    boot: 'MISS',
    roots: 'never',
    incident: { on: 'boot', blame: 'harness', text: endingText },
    nodeCode: endingCode,
  },
  {
    name: 'crashed-in-boot',
    situation: 'the kernel crashed in the boot phase',
    fits: (s) => s.bootCrash !== undefined,
    boot: 'FAIL',
    roots: NONE_AFTER,
    incident: { on: 'boot', kernel: true },
    bootReason: (s) => s.bootCrash?.text,
  },
  {
    name: 'crashed-in-test',
    situation: 'the kernel crashed in a test suite',
    fits: (s) => s.suiteCrashes.length > 0,
    boot: 'PASS',
    roots: { crashed: 'FAIL', there: 'ERROR', after: 'MISS' },
    incident: { on: 'crashed', kernel: true },
    failOverError: true,
  },
  {
    name: 'canceled',
    situation: 'the job was canceled on a device',
    fits: (s) => s.canceled,
    boot: 'login?MISS',
    roots: { there: 'ERROR', after: 'MISS' },
    incident: { on: 'none' },
    canceled: true,
    failOverError: true,
    nodeCode: 'Canceled',
  },
  {
    name: 'boot-with-faults',
    situation: 'an earlier boot attempt crashed or kernel messages failed, but a login passed in the end',
    fits: (s) => s.loginReached && (s.earlierCrash !== undefined || s.kernelMessagesFailed),
    boot: 'FAIL',
    // Of a job that is Complete the next rule says that each root is judged for itself. Where one was cut short, its
    // unfinished roots have no status of their own, and LAVA's word is asked.
    roots: 'next',
    incident: {
      on: 'boot',
      kernel: true,
      blame: 'unknown',
      text: () => ({
        type: 'kernel-messages',
        message: 'kernel messages failed, or a boot had to be repeated',
      }),
    },
    bootReason: (s) =>
      s.earlierCrash
        ? `an earlier boot attempt crashed: ${s.earlierCrash.text}`
        : 'kernel messages failed, though the login passed',
  },
  {
    name: 'lab-server-refused',
    situation: 'a server of the lab refused what the boot needs, and no login passed',
    fits: (s) => kernelReached(s) && !s.complete && s.refusal !== undefined,
    boot: 'infra',
    roots: { there: 'infra', after: 'infra' },
    incident: {
      on: 'boot',
      blame: 'harness',
      text: (s) => ({ type: 'lab-server-refused', message: s.refusal ?? '' }),
    },
    labFailed: true,
    nodeCode: 'Infrastructure',
    bootReason: (s) => `a server of the lab refused what the boot needs: ${s.refusal ?? ''}`,
  },
  {
    name: 'unknown-prompt',
    situation: "the board is at a prompt, a shell's or a login's, that LAVA does not wait for",
    fits: (s) => s.reached === 'userspace' && !s.complete && s.unknownPrompt !== undefined,
    boot: 'ERROR',
    roots: NONE_AFTER,
    incident: {
      on: 'boot',
      blame: 'harness',
      text: (s) => ({
        type: 'unknown-prompt',
        message: `LAVA waits for another prompt than ${s.unknownPrompt ?? ''}`,
      }),
    },
    bootReason: (s) => `the board is at the prompt ${s.unknownPrompt ?? ''}, and LAVA waits for another one`,
  },
  {
    name: 'no-login',
    situation: 'a kernel ran, but no login passed',
    fits: (s) => kernelReached(s) && !s.complete && s.errorType === 'Job' && !s.wholeJobTimeout,
    boot: 'FAIL',
    roots: NONE_AFTER,
    incident: { on: 'boot', kernel: true, blame: 'unknown' },
  },
  {
    name: 'silent-kernel',
    situation: 'the boot loader started the kernel, which wrote nothing until the login timed out',
    fits: (s) =>
      s.reached === 'handover' &&
      !s.complete &&
      s.errorType === 'Job' &&
      s.loginTimedOut &&
      !s.wholeJobTimeout,
    boot: 'FAIL',
    roots: NONE_AFTER,
    incident: { on: 'boot', blame: 'unknown' },
  },
  {
    name: 'infrastructure',
    situation: 'the infrastructure failed',
    fits: (s) =>
      !s.complete &&
      (s.errorType === 'Infrastructure' ||
        // Incomplete, not Canceled: the worker was stopped.
        s.errorType === 'Canceled' ||
        s.evidence.deviceTakenAway === true ||
        (s.evidence.lava?.health === 'Incomplete' && s.jobCase === undefined && s.errorType === '')),
    boot: 'login?infra',
    roots: { there: 'infra', after: 'infra' },
    incident: { on: 'there|boot', blame: 'harness' },
    labFailed: true,
    leavesFailAs: 'infra',
    nodeCode: 'Infrastructure',
  },
  {
    name: 'no-kernel-started',
    situation: 'the job failed before a kernel was started',
    fits: (s) =>
      !s.complete && s.errorType === 'Job' && ['nothing', 'deploy', 'bootloader'].includes(s.reached),
    boot: 'MISS',
    roots: NONE_AFTER,
    incident: { on: 'boot', blame: 'harness' },
  },
  {
    name: 'test-cut-short',
    situation: 'a test was cut short after the login',
    fits: (s) => !s.complete && s.loginReached && ['LAVATimeout', 'Test', 'Job'].includes(s.errorType),
    boot: 'PASS',
    roots: { there: 'ERROR', after: 'MISS' },
    incident: { on: 'there', blame: 'tool' },
    failOverError: true,
  },
  {
    name: 'multinode-timeout',
    situation: 'the jobs of a multinode group did not meet in time',
    fits: (s) => !s.complete && s.errorType === 'MultinodeTimeout',
    boot: 'login?MISS',
    roots: { there: 'ERROR', after: 'MISS' },
    incident: { on: 'there|boot', blame: 'unknown' },
    failOverError: true,
  },
  {
    name: 'lava-failed',
    situation: 'LAVA itself failed, or ended without a reason that concerns the kernel',
    fits: (s) => !s.complete,
    boot: 'login?MISS',
    roots: NONE_AFTER,
    incident: { on: 'there|boot', blame: 'harness' },
    labFailed: true,
  },
  {
    name: 'missing-results',
    situation: 'the job is Complete, but a test that was asked for never started or has no case',
    fits: (s) => missingRoots(s).length > 0,
    boot: 'PASS',
    roots: 'each',
    incident: {
      on: 'missing',
      blame: 'tool',
      text: (_, root) => noResult(root),
    },
    rootReason: (s, path) =>
      missingRoots(s).some((root) => root.path === path) ? 'left no result' : undefined,
  },
  {
    name: 'complete',
    situation: 'the job is Complete',
    fits: () => true,
    boot: 'PASS',
    roots: 'each',
    incident: { on: 'failed', kernel: true },
  },
];

function endingText({ ending }: Situation): IssueText | undefined {
  return ending && { type: ending.errorCode ?? ending.kind, message: ending.reason };
}

const ENDING_CODES = {
  rejected: 'invalid_job_params',
  timed_out: 'node_timeout',
  lost: 'node_timeout',
  canceled: 'Canceled',
} as const;

function endingCode({ ending, canceled }: Situation): ErrorCode {
  if (ending) return ending.errorCode ?? ENDING_CODES[ending.kind];
  return canceled ? 'Canceled' : 'Infrastructure';
}

/** What the issue of a test is about that ran to its end without a single case. */
export function noResult({ path }: RootPlan): IssueText {
  return { type: 'no-result', message: `${path} left no result` };
}

/** The roots of a complete job without a single case. The boot test needs none. */
export function missingRoots({ suites }: Situation): RootPlan[] {
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
