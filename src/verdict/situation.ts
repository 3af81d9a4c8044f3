// The facts that the rules ask for, drawn from the evidence once: how far the job got, what LAVA says of its end, and
// whether the kernel ended, and where.
import type { LavaCase } from '../lava/model.ts';
import { matchesPrompt } from './console-marks.ts';
import type { Crash } from './kernel-end.ts';
import { isLogin } from './lava-lines.ts';
import type { Segment } from './segment.ts';
import type { JobOutline } from '../definition/definition-summary.ts';
import { REACHED, type Ending, type Evidence, type Reached } from './model.ts';
import { isMissingExpected, type RootPlan, type SuiteRun, type Suites } from './suites.ts';

export interface Situation {
  evidence: Evidence;
  /** Our own record, where it counts: LAVA did not run the job to its end. */
  ending: Ending | undefined;
  suites: Suites;
  outline: JobOutline;
  /** LAVA says Complete. */
  complete: boolean;
  canceled: boolean;
  onDevice: boolean;
  /** LAVA's own case of the whole job. */
  jobCase: LavaCase | undefined;
  errorType: string;
  errorMsg: string;
  reached: Reached;
  loginReached: boolean;
  loginTimedOut: boolean;
  wholeJobTimeout: boolean;
  kernelMessagesFailed: boolean;
  /** The kernel ended in the boot phase. */
  bootCrash: Crash | undefined;
  /** It did in an earlier boot attempt. */
  earlierCrash: Crash | undefined;
  /** The suites, or the wait for one, in which it ended. */
  suiteCrashes: { root: RootPlan; crash: Crash; segments: Segment[] }[];
  /** The stretches of the boot test: all attempts, and what stands between login and first suite. */
  bootSegments: Segment[];
  /** In the boot that counts, a server of the lab refused what it needs: its words. */
  refusal: string | undefined;
  /** The boot that counts ended at a prompt that LAVA does not wait for. */
  unknownPrompt: string | undefined;
  /** The root in which the job ended (verdicts.md, "there"). */
  there: RootPlan | undefined;
}

export function assess(evidence: Evidence, suites: Suites, outline: JobOutline): Situation {
  const { lava } = evidence;
  const cases = (lava?.cases ?? []).filter((c) => c.suite === 'lava');
  const jobCase = cases.findLast((c) => c.name === 'job');
  const onDevice = lava?.device !== undefined || (lava?.cases.length ?? 0) > 0;
  const complete = lava?.health === 'Complete';
  const boot = readBoot(evidence, suites, outline, cases);
  const reached = howFar(boot, suites, cases);
  const loginReached = isAtLeast(reached, 'login');
  const { errorType, errorMsg } = lavaWord(jobCase, lava);
  const last = boot.last;
  return {
    evidence,
    ending: lava?.state === 'Finished' && onDevice ? undefined : evidence.ending,
    suites,
    outline,
    complete,
    // "Canceled" of a job that is Incomplete is a worker that was stopped.
    canceled: lava?.health === 'Canceled' && evidence.deviceTakenAway !== true,
    onDevice,
    jobCase,
    errorType,
    errorMsg,
    reached,
    loginReached,
    loginTimedOut: loginTimedOut(errorMsg, cases),
    wholeJobTimeout: isWholeJobTimeout(errorMsg, evidence, outline),
    kernelMessagesFailed: cases.some((c) => c.name === 'kernel-messages' && c.result === 'fail'),
    bootCrash: complete ? undefined : boot.crash,
    earlierCrash: boot.earlierCrash,
    suiteCrashes: findSuiteCrashes(evidence, suites, complete),
    bootSegments: boot.segments,
    refusal: last?.refusal,
    unknownPrompt:
      last?.prompt !== undefined && !matchesPrompt(last.prompt, outline.prompts) ? last.prompt : undefined,
    there: loginReached && !complete ? findThere(suites) : undefined,
  };
}

function isAtLeast(reached: Reached, step: Reached): boolean {
  return REACHED.indexOf(reached) >= REACHED.indexOf(step);
}

/** How it failed, in LAVA's word; results that could not be read lack its case. */
function lavaWord(
  jobCase: LavaCase | undefined,
  lava: Evidence['lava'],
): Pick<Situation, 'errorType' | 'errorMsg'> {
  const error = jobCase === undefined ? lava?.error : undefined;
  return {
    errorType: error?.type ?? metadataText(jobCase, 'error_type'),
    errorMsg: error?.message ?? metadataText(jobCase, 'error_msg'),
  };
}

function metadataText(c: LavaCase | undefined, key: string): string {
  const value = c?.metadata[key];
  return typeof value === 'string' && value !== 'None' ? value : '';
}

/** The boot that counts: the last boot action that ran. */
interface Boot {
  segments: Segment[];
  /** Its last attempt that had a kernel, or its last one. */
  last: Segment | undefined;
  login: boolean;
  /** The suites that started after it. */
  runs: SuiteRun[];
  crash: Crash | undefined;
  earlierCrash: Crash | undefined;
}

function readBoot(evidence: Evidence, { runs }: Suites, outline: JobOutline, cases: LavaCase[]): Boot {
  const all = evidence.console?.segments ?? [];
  const index = all.at(-1)?.boot ?? 0;
  const attempts = all.filter((s) => s.kind === 'boot' && s.boot === index);
  const after = all.filter((s) => s.kind !== 'boot' && s.boot === index);
  const own = runs.filter((run) => run.started && belongsTo(run, index));
  const noted = attempts.some((s) => s.login);
  // With one boot the results say whether a login passed; with several only the log says of which.
  const login = noted || (index === 0 && cases.some((c) => isLogin(c.name) && c.result === 'pass'));
  const loginExpected = noted || cases.some((c) => isLogin(c.name));
  const wait = untilSuite(after);
  const lastAttempt = attempts.findLastIndex((s) => s.kernel);
  const last = attempts[lastAttempt] ?? attempts.at(-1);

  const shown = own.some((run) => run.segments.some((s) => s.kind === 'suite') || hasPassed(run));
  const answered = after.some((s) => s.answered);
  const endedWell =
    (loginExpected ? login && (answered || shown) : shown) || (!outline.bootsKernel && own.length > 0);
  const waitCrash =
    shown || own.some((run) => run.segments.length > 0) ? undefined : wait.findLast((s) => s.crash)?.crash;
  const crash = endedWell ? waitCrash : (last?.crash ?? after.findLast((s) => s.crash)?.crash);

  const earlier = all.filter((s) => s.kind === 'boot' && !s.login && s !== last && precedes(all, s, last));
  return {
    segments: [...all.filter((s) => s.kind === 'boot'), ...wait],
    last,
    login,
    runs: own,
    crash,
    earlierCrash: earlier.findLast((s) => s.crash)?.crash,
  };
}

function precedes(all: Segment[], a: Segment, b: Segment | undefined): boolean {
  return b !== undefined && all.indexOf(a) < all.indexOf(b);
}

function belongsTo({ segments }: SuiteRun, boot: number): boolean {
  const last = segments.at(-1);
  return last === undefined ? boot === 0 : last.boot === boot;
}

/** A case of it passed by the board's own word. */
function hasPassed({ cases, stage }: SuiteRun): boolean {
  return stage?.result === 'pass' || cases.some((c) => c.result === 'pass' && !isMissingExpected(c));
}

/** What stands between a login and the first suite. */
function untilSuite(after: Segment[]): Segment[] {
  const first = after.findIndex((s) => s.kind === 'suite');
  return (first < 0 ? after : after.slice(0, first)).filter((s) => s.kind === 'between');
}

function howFar(boot: Boot, suites: Suites, cases: LavaCase[]): Reached {
  const attempts = boot.segments;
  if (boot.runs.length > 0)
    return suites.runs.findLast((run) => run.started)?.ended === true ? 'end' : 'suite';
  if (boot.login) return 'login';
  if (boot.last?.userspace) return 'userspace';
  if (boot.last?.kernel || cases.some((c) => c.name === 'kernel-messages')) return 'kernel';
  if (boot.last?.handover) return 'handover';
  if (attempts.some((s) => s.spoke) || cases.some((c) => isBootLoader(c.name) && c.result === 'pass')) {
    return 'bootloader';
  }
  return cases.some((c) => c.name !== 'validate' && c.name !== 'job') ? 'deploy' : 'nothing';
}

function isBootLoader(name: string): boolean {
  return /^(?:bootloader-|execute-qemu$|uboot-|grub-|fastboot-boot|reset-device$)/.test(name);
}

// "auto-login-action timed out after 120 seconds" (LAVA 2023.01, lava_common/timeout.py).
const LOGIN_TIMED_OUT = /\blogin-action timed out\b/;

function loginTimedOut(errorMsg: string, cases: LavaCase[]): boolean {
  return (
    LOGIN_TIMED_OUT.test(errorMsg) ||
    cases.some(
      (c) =>
        isLogin(c.name) &&
        c.result === 'fail' &&
        / timed out\b/.test(JSON.stringify(c.metadata['extra'] ?? '')),
    )
  );
}

// LAVA's clock goes by whole seconds.
const TICK = 2;

/**
 * LAVA words it "job timed out after N seconds" between two actions. Inside one it cuts the action's own time and blames
 * the action (lava_common/timeout.py): then only the time that passed shows it.
 */
function isWholeJobTimeout(errorMsg: string, { console }: Evidence, { timeout }: JobOutline): boolean {
  if (/^job timed out after \d+ seconds/.test(errorMsg)) return true;
  const begin = console?.actionsAt ?? console?.firstAt;
  if (timeout === undefined || begin === undefined || console?.timedOutAt === undefined) return false;
  const ran = (console.timedOutAt - begin) / 1000;
  return / timed out after \d+ seconds/.test(errorMsg) && Math.abs(ran - timeout) <= TICK;
}

/** Crashes in suites that did not end well, and, if the job never got further, after one that did. */
function findSuiteCrashes(
  { console }: Evidence,
  suites: Suites,
  complete: boolean,
): Situation['suiteCrashes'] {
  const { runs } = suites;
  const found: Situation['suiteCrashes'] = [];
  runs.forEach((run, i) => {
    const crash = run.ended ? undefined : run.segments.find((s) => s.crash)?.crash;
    if (crash && !found.some((other) => other.crash === crash))
      found.push({ root: rootFrom(suites, i) ?? rootBefore(suites), crash, segments: run.segments });
  });
  if (found.length > 0 || complete) return found;
  // After the last suite, or in what a board wrote while LAVA did not listen any more.
  const rest = afterSuites(console?.segments ?? []);
  const crash = rest.find((s) => s.crash)?.crash;
  const next = crash && findThere(suites);
  return next ? [{ root: next, crash, segments: rest }] : [];
}

function afterSuites(segments: Segment[]): Segment[] {
  const last = segments.findLastIndex(({ kind }) => kind === 'suite');
  return last < 0 ? [] : segments.slice(last + 1).filter(({ kind }) => kind !== 'boot');
}

/** What breaks in a helper belongs to the root after it. */
function rootFrom({ runs }: Suites, index: number): RootPlan | undefined {
  return runs.slice(index).find((run) => run.root)?.root;
}

/** A kernel that ends in the last helper must not go untold for want of a root after it. */
function rootBefore({ runs, boot }: Suites): RootPlan {
  return runs.findLast((run: SuiteRun) => run.root && run.started)?.root ?? boot;
}

/**
 * The root of the last suite that started, or if that ran to its end, of the next; else of one that did not end, or that LAVA
 * left out.
 */
function findThere(suites: Suites): RootPlan | undefined {
  const { runs } = suites;
  const last = runs.findLastIndex((run) => run.started);
  const cut = runs[last]?.ended === false ? last : last + 1;
  const unended = runs.findLastIndex((run) => run.started && !run.ended);
  return (
    rootFrom(suites, cut) ??
    (unended >= 0 ? rootFrom(suites, unended) : undefined) ??
    runs.findLast((run) => run.root && !run.started)?.root
  );
}
