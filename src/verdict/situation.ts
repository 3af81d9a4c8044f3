// The facts that the rules ask for, drawn from the evidence once: how far the job got, what LAVA says of its end, and
// whether the kernel ended, and where.
import type { LavaCase } from '../lava/model.ts';
import { isLogin } from './console.ts';
import type { Crash, Segment } from './segment.ts';
import type { JobOutline } from '../definition/definition-summary.ts';
import { REACHED, type Ending, type Evidence, type Reached } from './model.ts';
import type { RootPlan, SuiteRun, Suites } from './suites.ts';

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
  bootSegments: Segment[];
  /** The root in which the job ended (verdicts.md, "there"). */
  there: RootPlan | undefined;
}

export function assess(evidence: Evidence, suites: Suites, outline: JobOutline): Situation {
  const { lava } = evidence;
  const cases = (lava?.cases ?? []).filter((c) => c.suite === 'lava');
  const jobCase = cases.findLast((c) => c.name === 'job');
  const onDevice = lava?.device !== undefined || (lava?.cases.length ?? 0) > 0;
  const complete = lava?.health === 'Complete';
  const reached = howFar(evidence, suites, cases);
  const loginReached = REACHED.indexOf(reached) >= REACHED.indexOf('login');
  const bootSegments = (evidence.console?.segments ?? []).filter((s) => s.kind === 'boot');
  const lastRan = bootSegments.findLastIndex((s) => s.kernel);
  const bootEndedWell = loginReached && (suites.runs.length === 0 || suites.runs.some((run) => run.started));
  const errorMsg = metadataText(jobCase, 'error_msg');
  const errorType = metadataText(jobCase, 'error_type');
  return {
    evidence,
    ending: lava?.state === 'Finished' && onDevice ? undefined : evidence.ending,
    suites,
    outline,
    complete,
    canceled: lava?.health === 'Canceled',
    onDevice,
    jobCase,
    errorType,
    errorMsg,
    reached,
    loginReached,
    loginTimedOut: loginTimedOut(errorMsg, cases),
    wholeJobTimeout: isWholeJobTimeout(errorMsg, evidence, outline),
    kernelMessagesFailed: cases.some((c) => c.name === 'kernel-messages' && c.result === 'fail'),
    bootCrash: bootEndedWell ? undefined : bootSegments[lastRan]?.crash,
    earlierCrash: bootSegments.slice(0, Math.max(0, lastRan)).findLast((s) => s.crash)?.crash,
    suiteCrashes: findSuiteCrashes(evidence, suites, complete),
    bootSegments,
    there: loginReached && !complete ? findThere(suites) : undefined,
  };
}

export function metadataText(c: LavaCase | undefined, key: string): string {
  const value = c?.metadata[key];
  return typeof value === 'string' && value !== 'None' ? value : '';
}

function howFar({ console }: Evidence, { runs }: Suites, cases: LavaCase[]): Reached {
  const segments = console?.segments ?? [];
  if (runs.some((run) => run.started)) return runs.at(-1)?.ended === true ? 'end' : 'suite';
  if (cases.some((c) => isLogin(c.name) && c.result === 'pass')) return 'login';
  if (segments.some((s) => s.kernel) || cases.some((c) => c.name === 'kernel-messages')) return 'kernel';
  if (segments.some((s) => s.handover)) return 'handover';
  if (segments.some((s) => s.spoke) || cases.some((c) => isBootLoader(c.name) && c.result === 'pass')) {
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
 * the action (lava_common/timeout.py): then only the time that passed tells.
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
    if (crash) found.push({ root: rootFrom(suites, i) ?? rootBefore(suites), crash, segments: run.segments });
  });
  const last = console?.segments.at(-1);
  if (found.length > 0 || complete || last?.kind !== 'between' || !last.crash) return found;
  const next = findThere(suites);
  return next ? [{ root: next, crash: last.crash, segments: [last] }] : [];
}

/** What breaks in a helper belongs to the root after it. */
function rootFrom({ runs }: Suites, index: number): RootPlan | undefined {
  return runs.slice(index).find((run) => run.root)?.root;
}

/** A kernel that ends in the last helper must not go untold for want of a root after it. */
function rootBefore({ runs, boot }: Suites): RootPlan {
  return runs.findLast((run: SuiteRun) => run.root && run.started)?.root ?? boot;
}

/** The root of the last suite that started, or if that ran to its end, of the next; else of one that did not end. */
function findThere(suites: Suites): RootPlan | undefined {
  const { runs } = suites;
  const last = runs.findLastIndex((run) => run.started);
  const cut = runs[last]?.ended === false ? last : last + 1;
  const unended = runs.findLastIndex((run) => run.started && !run.ended);
  return rootFrom(suites, cut) ?? (unended >= 0 ? rootFrom(suites, unended) : undefined);
}
