// Whether LAVA's callbacks come, lab by lab, since the daemon's start. LAVA sends each once, and reports none that
// was refused, that did not arrive, or that it dropped: so what is wrong is found here. Anyone can send a request that
// looks like a refused callback; it counts only when it came for a job that was in LAVA, that job has ended since, and
// no callback of the lab was accepted.
import type { Logger } from 'pino';
import { createRecentSet } from '../core/recent.ts';
import { DAY, SECOND, type Clock } from '../core/time.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { Store } from '../store/index.ts';
import type { PartState } from './parts.ts';

/** What a refused callback carried: the token's name, which LAVA sends if it knows no token of that name, or another text. */
type WrongToken = 'name' | 'other';

/** Hears of callbacks and of the ends of jobs, and concludes what is wrong. */
export interface CallbackWatch {
  /** A callback for this job was refused for its token. */
  refused: (lab: string, jobId: string, carried: WrongToken) => Promise<void>;
  /** A callback of this lab was accepted. */
  accepted: (lab: string) => void;
  /** A job of this lab has ended in LAVA, at that time (ms), with or without a callback that said so. */
  ended: (lab: string, at: number, calledBack: boolean) => void;
  /** What is wrong with the callbacks of each lab, for the admin. */
  faults: () => Promise<ReadonlyMap<string, string>>;
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
/** So many jobs in a row without a callback are no accident. */
const MISSING = 3;

/** What is known of one lab. */
interface LabRecord {
  refused: Map<WrongToken, ReturnType<typeof createRecentSet<string>>>;
  /** Jobs that ended without a callback since one was accepted. */
  missing: number;
}

/** Watches the callbacks of all labs from now on. */
export function createCallbackWatch({ store, log, now, labs }: Options): CallbackWatch {
  const records = new Map<string, LabRecord>();
  const acceptedAt = new Map<string, number>();
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

  async function faultOf(lab: string, { refused, missing }: LabRecord): Promise<string | undefined> {
    const target = labs.get(lab);
    if (target === undefined) return undefined;
    for (const carried of ['name', 'other'] as const) {
      const jobIds = refused.get(carried)?.members() ?? [];
      if ((await Promise.all(jobIds.map(stateOf))).includes('ended'))
        return WRONG_TOKEN[carried].fault(target);
    }
    return missing >= MISSING && target.url !== undefined ? missingText(missing, target.url) : undefined;
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
      const { refused } = recordOf(lab);
      let known = refused.get(carried);
      if (known === undefined) {
        known = createRecentSet<string>(MOST_JOBS);
        refused.set(carried, known);
        log.warn({ lab }, `a callback carried ${WRONG_TOKEN[carried].line}, or somebody else sent it`);
      }
      known.add(jobId);
    },
    accepted(lab) {
      records.delete(lab);
      acceptedAt.set(lab, now());
    },
    ended(lab, at, calledBack) {
      // What was sent while no daemon ran could not arrive. LAVA's times are cut to whole seconds.
      if (calledBack || at + SECOND <= startedAt) return;
      const record = recordOf(lab);
      record.missing += 1;
      if (record.missing === MISSING) log.warn({ lab }, `the last ${MISSING} jobs ended without a callback`);
    },
    async faults() {
      const faults = new Map<string, string>();
      for (const [lab, record] of records) {
        const fault = await faultOf(lab, record);
        if (fault !== undefined) faults.set(lab, fault);
      }
      return faults;
    },
    async state(lab) {
      const record = records.get(lab);
      const why = record && (await faultOf(lab, record));
      const answeredAt = acceptedAt.get(lab);
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
