// What the bridge knows of LAVA's things, in its own types, whichever version and channel they came from.

/** LAVA's job states; only `Finished` is final (LAVA 2023.01, lava_scheduler_app/models.py). */
export const LAVA_STATES = [
  'Submitted',
  'Scheduling',
  'Scheduled',
  'Running',
  'Canceling',
  'Finished',
] as const;
/** Where a LAVA job stands. */
export type LavaState = (typeof LAVA_STATES)[number];

/** How a LAVA job went. */
export const LAVA_HEALTHS = ['Unknown', 'Complete', 'Incomplete', 'Canceled'] as const;
/** How a LAVA job went. */
export type LavaHealth = (typeof LAVA_HEALTHS)[number];

/** The results of a test case. */
export const CASE_RESULTS = ['pass', 'fail', 'skip', 'unknown'] as const;
/** The result of a test case. */
export type CaseResult = (typeof CASE_RESULTS)[number];

/** A job as `scheduler.jobs.show` describes it. An old LAVA has no errorType there (`error in show`): it is in the results. */
export interface LavaJobInfo {
  id: number;
  state: LavaState;
  health: LavaHealth;
  description: string;
  submitter: string;
  /** The type that was asked for (aliases resolved). */
  deviceType: string | undefined;
  /** The board that it was given; undefined while it waits. */
  device: string | undefined;
  tags: string[];
  /** Milliseconds since the epoch; LAVA gives whole seconds here. */
  submittedAt: number | undefined;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  failureComment: string | undefined;
  errorType: string | undefined;
  errorMsg: string | undefined;
}

/** A board, as LAVA's list of devices has it. Its health says nothing of its worker. */
export interface LavaDevice {
  name: string;
  type: string;
  /** `Good`, `Unknown`, `Looping`, `Bad`, `Maintenance`, `Retired`. */
  health: string;
  /** `Idle`, `Reserved`, `Running`. */
  state: string;
  /** The LAVA job on it. */
  job: number | undefined;
}

/** A dispatcher: the host that boards are attached to. */
export interface LavaWorker {
  name: string;
  /** `Online`, `Offline`. */
  state: string;
  /** `Active`, `Maintenance`, `Retired`. */
  health: string;
  /** Names of its devices, hidden ones among them. */
  devices: string[];
  /** How many jobs it runs at once; 0 is no limit. */
  jobLimit: number;
  lastPingAt: number | undefined;
}

/** One line of LAVA's job log. */
export interface LogLine {
  /** Milliseconds since the epoch; undefined if the line has no readable time. */
  at: number | undefined;
  /** `target` (the board's console), `feedback`, `input`, `results`, `debug`, `info`, `warning`, `error`, `exception`, … */
  level: string;
  /** The message if it is text. */
  text: string | undefined;
  /** The message if it is something else: a mapping (`results`), a list, a number or null. */
  value: unknown;
  /** The other namespace, on `feedback` lines. */
  namespace: string | undefined;
}

/** One test case as LAVA recorded it. A name may occur several times in a suite (retries). */
export interface LavaCase {
  /** The suite with LAVA's number, `0_smoke`, or `lava` for LAVA's own. */
  suite: string;
  name: string;
  result: CaseResult;
  set: string | undefined;
  measurement: number | undefined;
  unit: string | undefined;
  /** When LAVA stored it, ms since the epoch. */
  loggedAt: number | undefined;
  /** The lines of the job's log (counted from 0) where the case began and ended. */
  startLine: number | undefined;
  endLine: number | undefined;
  /** LAVA's own number of this result; results are in this order. */
  id: number | undefined;
  /** The message of the result: error_type, error_msg, extra, duration, … */
  metadata: Record<string, unknown>;
}

/** A LAVA job as a callback or a fetch gave it; everything but the log. */
export interface LavaJob {
  id: number;
  state: LavaState;
  health: LavaHealth;
  /** The board that ran it; undefined if none did. */
  device: string | undefined;
  submittedAt: number | undefined;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  description: string | undefined;
  failureComment: string | undefined;
  /** LAVA's word for how it failed, where it gives that without its results (`error in show`). */
  error?: { type: string; message: string } | undefined;
  /** The lab took the board away under it: it was retired, is in maintenance or is not to be seen any more. */
  deviceTakenAway?: boolean | undefined;
  /** The job definition, YAML, as LAVA echoes it. */
  definition: string | undefined;
  cases: LavaCase[];
}
