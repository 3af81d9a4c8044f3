// Whether LAVA's callbacks come, lab by lab, since the daemon's start. Where several daemons take them, each learns what the others
// heard (shared-states.ts). LAVA sends each once, and reports none that was refused, that did not arrive, or that it dropped: so what
// is wrong is found here. Anyone can send a request that looks like a refused callback; it counts only when it came for a job that was
// in LAVA, that job has ended since, and no callback of the lab was accepted.
import type { Logger } from 'pino';
import { createRecentSet } from '../core/recent.ts';
import { DAY, MINUTE, SECOND, type Clock } from '../core/time.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { Store } from '../store/index.ts';
import type { PartState } from './parts.ts';

/** What a refused callback carried: the token's name, which LAVA sends if it knows no token of that name, or another text. */
export const WRONG_TOKENS = ['name', 'other'] as const;
type WrongToken = (typeof WRONG_TOKENS)[number];

/** What one daemon heard of a lab's callbacks, for the others. */
interface HeardCallbacks {
  /** When it accepted one last (ms); undefined: it never did. */
  acceptedAt?: number | undefined;
  /** The jobs whose callbacks were refused since, by what these carried, and when that was last (ms). */
  refused: { carried: WrongToken; at: number; jobs: string[] }[];
}

/** Hears of callbacks and of the ends of jobs, and concludes what is wrong. */
export interface CallbackWatch {
  /** A callback for this job was refused for its token. */
  refused: (lab: string, jobId: string, carried: WrongToken) => Promise<void>;
  /** A callback of this lab was accepted. */
  accepted: (lab: string) => void;
  /** A job of this lab has ended in LAVA, at that time (ms), with or without a callback that said so. */
  ended: (lab: string, at: number, calledBack: boolean) => void;
  /** What this daemon heard of a lab's callbacks; undefined: nothing. */
  heard: (lab: string) => HeardCallbacks | undefined;
  /** Another daemon heard this. */
  learn: (lab: string, heard: HeardCallbacks) => void;
  /** What is known of a lab's callbacks: up if one was accepted within the day, down if something is wrong with them. */
  state: (lab: string) => Promise<PartState>;
}

/** Of a lab: what its LAVA is to send, and where to. */
export interface CallbackTarget {
  tokenName: string;
  /** Our address, as LAVA gets it. */
  url: string | undefined;
}

interface Options {
  store: Pick<Store, 'attempts' | 'callbacks'>;
  log: Logger;
  now: Clock;
  labs: ReadonlyMap<string, CallbackTarget>;
}

/** By lab: what its LAVA is to send, and where to. */
export function callbackTargets({
  labs,
  http,
}: Pick<BridgeConfig, 'labs' | 'http'>): Map<string, CallbackTarget> {
  return new Map(
    labs.map(({ name, callback }) => [
      name,
      { tokenName: callback.token_name, url: callback.url ?? http.public_url },
    ]),
  );
}

/** Of a lab so many jobs are remembered. */
const MOST_JOBS = 20;
/** So many jobs in a row without a callback are no accident, unless another daemon took one: that is known within this (ms). */
const MISSING = 3;
const LEARNT_WITHIN = MINUTE;

/** What is known of one lab. */
interface LabRecord {
  /** When a callback was accepted last, by any daemon, and by this one (ms). */
  acceptedAt?: number;
  ownAcceptedAt?: number;
  /** Since then. */
  refused: Map<WrongToken, { at: number; jobs: ReturnType<typeof createRecentSet<string>> }>;
  /** Jobs that ended without a callback since then. */
  missing: number;
}

/** Watches the callbacks of all labs from now on. */
export function createCallbackWatch({ store, log, now, labs }: Options): CallbackWatch {
  const records = new Map<string, LabRecord>();
  const startedAt = now();
  // Of each lab: what was said of it last, and since when.
  const said = new Map<string, Pick<PartState, 'status' | 'since'>>();

  function recordOf(lab: string): LabRecord {
    const known = records.get(lab) ?? { refused: new Map(), missing: 0 };
    records.set(lab, known);
    return known;
  }

  /** Whether LAVA has the job's last attempt, or had it; undefined: there is no such job, or no attempt. */
  async function stateOf(jobId: string): Promise<'in LAVA' | 'ended' | undefined> {
    const last = (await store.attempts(jobId)).at(-1);
    if (last?.lavaId === null || last === undefined) return undefined;
    return last.finishedAt === null ? 'in LAVA' : 'ended';
  }

  /** None of what was wrong before is wrong any more. */
  function wasAccepted(lab: string, at: number): LabRecord {
    const record: LabRecord = { ...recordOf(lab), acceptedAt: at, refused: new Map(), missing: 0 };
    records.set(lab, record);
    return record;
  }

  function addRefused({ refused }: LabRecord, carried: WrongToken, at: number, jobs: string[]): void {
    const known = refused.get(carried) ?? { at, jobs: createRecentSet<string>(MOST_JOBS) };
    known.at = Math.max(known.at, at);
    for (const id of jobs) if (!known.jobs.has(id)) known.jobs.add(id);
    refused.set(carried, known);
  }

  /** Whether it is long since a callback was accepted: what another daemon took is known by now. */
  const isLong = ({ acceptedAt = -Infinity }: LabRecord): boolean =>
    Math.abs(now() - acceptedAt) > LEARNT_WITHIN;

  async function faultOf(lab: string, record: LabRecord): Promise<string | undefined> {
    const { refused, missing } = record;
    const target = labs.get(lab);
    if (target === undefined) return undefined;
    for (const carried of WRONG_TOKENS) {
      const jobIds = refused.get(carried)?.jobs.members() ?? [];
      if ((await Promise.all(jobIds.map(stateOf))).includes('ended'))
        return WRONG_TOKEN[carried].fault(target);
    }
    const isMissing = missing >= MISSING && isLong(record);
    return isMissing && target.url !== undefined ? missingText(missing, target.url) : undefined;
  }

  function sinceOf(lab: string, status: PartState['status']): number {
    const before = said.get(lab);
    if (before?.status === status) return before.since;
    const since = before === undefined && status === 'unknown' ? startedAt : now();
    said.set(lab, { status, since });
    return since;
  }

  return {
    async refused(lab, jobId, carried) {
      if ((await stateOf(jobId)) !== 'in LAVA' || (await store.callbacks(jobId)).length > 0) return;
      const record = recordOf(lab);
      if (!record.refused.has(carried))
        log.warn({ lab }, `a callback carried ${WRONG_TOKEN[carried].line}, or somebody else sent it`);
      addRefused(record, carried, now(), [jobId]);
    },
    accepted(lab) {
      wasAccepted(lab, now()).ownAcceptedAt = now();
    },
    heard(lab) {
      const record = records.get(lab);
      if (record === undefined || (record.ownAcceptedAt === undefined && record.refused.size === 0))
        return undefined;
      const refused = [...record.refused].map(([carried, { at, jobs }]) => ({
        carried,
        at,
        jobs: jobs.members(),
      }));
      return { acceptedAt: record.ownAcceptedAt, refused };
    },
    learn(lab, { acceptedAt, refused }) {
      const known = recordOf(lab).acceptedAt ?? -Infinity;
      if (acceptedAt !== undefined && acceptedAt > known) wasAccepted(lab, acceptedAt);
      const record = recordOf(lab);
      for (const { carried, at, jobs } of refused) {
        if (at > (record.acceptedAt ?? -Infinity)) addRefused(record, carried, at, jobs);
      }
    },
    ended(lab, at, calledBack) {
      // What was sent while no daemon ran could not arrive. LAVA's times are cut to whole seconds.
      if (calledBack || at + SECOND <= startedAt) return;
      const record = recordOf(lab);
      record.missing += 1;
      if (record.missing === MISSING && isLong(record))
        log.warn({ lab }, `the last ${MISSING} jobs ended without a callback`);
    },
    async state(lab) {
      const record = records.get(lab);
      const why = record && (await faultOf(lab, record));
      const answeredAt = record?.acceptedAt;
      const isKnown = answeredAt !== undefined && Math.abs(now() - answeredAt) <= DAY;
      const status = why === undefined ? (isKnown ? 'up' : 'unknown') : 'down';
      return { status, since: sinceOf(lab, status), answeredAt, why };
    },
  };
}

/** What is said of a wrong token: in the log at once, and to the admin when it is certain. */
const WRONG_TOKEN: Record<WrongToken, { line: string; fault: (target: CallbackTarget) => string }> = {
  name: {
    line: 'the name of the token in place of the token: LAVA’s user has no token of that name',
    fault: ({ tokenName }) =>
      `LAVA sends the name ${tokenName} in place of the token: the user who submits has no token of that name there`,
  },
  other: {
    line: 'another token than callback.token: the token in LAVA has another value',
    fault: ({ tokenName }) =>
      `LAVA's callbacks carry another token than callback.token, so they are refused: give the token ${tokenName} the same value in LAVA and here`,
  },
};

function missingText(missing: number, url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : url;
  return (
    `the last ${missing} jobs ended without a callback, so results come by events and the poll alone: ` +
    `can LAVA's server reach ${url}? LAVA 2026.02 and newer drops callbacks to hosts that are not in its setting ` +
    `CALLBACK_ALLOWED_HOSTS, without a word: ask its admin to add ${host}`
  );
}
