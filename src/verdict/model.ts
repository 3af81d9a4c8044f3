// What a verdict is made of, and what it is. Pure data: no network and no store is known here.
import type { ReasonCode } from '../core/reason-codes.ts';
import type { CaseResult, LavaJob } from '../lava/model.ts';
import type { Finding } from '../kernel-log/model.ts';
import type { ConsoleFacts } from './console.ts';
import type { ErrorCode, NodeEnd } from './node-result.ts';

/** KCIDB's statuses, worst first. */
export const STATUSES = ['FAIL', 'ERROR', 'MISS', 'PASS', 'DONE', 'SKIP'] as const;
/** A test's status in KCIDB. */
export type Status = (typeof STATUSES)[number];

/** The rules of the table of verdicts (docs/verdicts.md), in its order. People and scripts know them by these names. */
export const RULE_NAMES = [
  'never-ran',
  'crashed-in-boot',
  'crashed-in-test',
  'canceled',
  'boot-with-faults',
  'lab-server-refused',
  'unknown-prompt',
  'no-login',
  'silent-kernel',
  'infrastructure',
  'no-kernel-started',
  'test-cut-short',
  'multinode-timeout',
  'lava-failed',
  'missing-results',
  'complete',
] as const;
/** The name of a rule. */
export type RuleName = (typeof RULE_NAMES)[number];

/** A test that was asked for. */
export interface Root {
  /** Its KCIDB path: `ltp`, `kselftest.arm64`, `boot`. */
  path: string;
  /** The names of its LAVA test definitions, without LAVA's number, in the order they run. */
  definitions: string[];
  /** The case names, if any, that are measurements without a verdict (DONE instead of PASS). */
  measurements: string[];
}

/** What a job was asked to do. */
export interface ExpectedTests {
  /** Where the boot test stands: `boot`, or `boot.nfs` for an NFS boot. */
  bootPath: 'boot' | 'boot.nfs';
  roots: Root[];
  /** Names of definitions that the template added (stop time sync, upload, …): no roots. */
  helpers: string[];
  /** The name of Maestro's job: a LAVA suite of that name is left out of its cases' paths, as Maestro does. */
  job?: string | undefined;
}

/** The kinds of such ends; `timed_out`: waited for a device for too long. */
export const ENDING_KINDS = ['rejected', 'canceled', 'timed_out', 'lost'] as const;

/** How a job ended by our own record, where LAVA alone can't say. */
export interface Ending {
  kind: (typeof ENDING_KINDS)[number];
  code: ReasonCode;
  /** For people. */
  reason: string;
  /** The text for Maestro, where the kind does not say it. */
  errorCode?: ErrorCode;
}

/** All that is known of a job that ended. */
export interface Evidence {
  ending: Ending | undefined;
  lava: LavaJob | undefined;
  /** What the job's log shows; undefined if there is no log. */
  console: ConsoleFacts | undefined;
  /** LAVA itself was asked for the results: if there are none, there really are none, and that is a verdict. */
  complete?: boolean | undefined;
  /** The lab took the device away while the job ran (retired, in maintenance): a cancel is the lab's then. */
  deviceTakenAway?: boolean | undefined;
}

/** How far a job got (verdicts.md, "Reached"). `suite` stands for `suite i`. */
export const REACHED = [
  'nothing',
  'deploy',
  'bootloader',
  'handover',
  'kernel',
  'userspace',
  'login',
  'suite',
  'end',
] as const;
export type Reached = (typeof REACHED)[number];

/** What is reported of one test case. */
export interface LeafVerdict {
  /** The whole path, its root's included, cleaned. */
  path: string;
  status: Status;
  number: { value: number; unit: string | undefined } | undefined;
  startedAt: number | undefined;
  /** Milliseconds. */
  duration: number | undefined;
  /** Lines of LAVA's log, from 0. */
  startLine: number | undefined;
  endLine: number | undefined;
  /** The console where it failed. */
  excerpt: string | undefined;
  /** The case as LAVA named it, for those who build a tree of their own. */
  lava: { suite: string; set: string | undefined; name: string; result: CaseResult };
  misc: Record<string, unknown>;
}

/** What is reported of the boot, or of one test of the job. */
export interface RootVerdict {
  path: string;
  status: Status;
  /** Why it is not PASS, for people. */
  reason: string | undefined;
  startedAt: number | undefined;
  duration: number | undefined;
  startLine: number | undefined;
  endLine: number | undefined;
  /** The part of the log that shows why: the crash and its surroundings, or the end of what it did. */
  excerpt: string | undefined;
  leaves: LeafVerdict[];
  misc: Record<string, unknown>;
}

export interface Culprit {
  code: boolean;
  tool: boolean;
  harness: boolean;
}

/** One explanation of one test: becomes an issue and its incident. */
export interface IssueVerdict {
  /** The path of the test that it stands on. */
  testPath: string;
  /** The issue's id without the origin: 40 hex digits. */
  signature: string;
  /** undefined: not known. */
  culprit: Culprit | undefined;
  comment: string;
  categories: string[];
  misc: Record<string, unknown>;
  /** The kernel's report behind it, if it is a kernel issue. */
  finding: Finding | undefined;
}

/** What is to be reported of one job. */
export interface Verdict {
  /** The rule that decided. */
  rule: RuleName;
  /** The lab failed, and nothing was found out of the kernel: another attempt may do better. */
  labFailed: boolean;
  /** Somebody did not want the job any more. */
  canceled: boolean;
  /** The evidence that it decided on, a sentence each: for `--explain` and the timeline. */
  why: string[];
  reached: Reached;
  boot: RootVerdict;
  /** The tests that were asked for, but for the boot test. */
  roots: RootVerdict[];
  issues: IssueVerdict[];
  /** How Maestro's job node ends. */
  node: NodeEnd;
}
