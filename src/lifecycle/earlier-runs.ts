// What this bridge submitted before its store lost data: the database was damaged, an older one was restored, or a standby took
// over. Maestro still has the nodes, and LAVA the jobs, whose names have our submission keys: so each lab is searched once, and a
// job that comes in again goes on with the LAVA job that it has. Without a loss nothing is asked.
import type { Logger } from 'pino';
import { errorText, TemporaryError } from '../core/errors.ts';
import { MINUTE, parseTime, rfc3339, SECOND, sleep, type Clock } from '../core/time.ts';
import type { MaestroNode } from '../maestro/node.ts';
import { LOST_BEFORE, type Store } from '../store/index.ts';
import { settingKey, type SettingKey } from '../store/settings.ts';
import type { Lab } from './lab.ts';
import { LOST_ANSWER_REST } from './lost-answer.ts';

/** A LAVA job of ours. */
export interface EarlierRun {
  /** Which attempt it was, by its submission key. */
  n: number;
  submissionKey: string;
  lavaId: number;
  /** ms. */
  submittedAt: number | undefined;
}

/** Finds what was submitted before the loss. */
export interface EarlierRuns {
  /** Whether a node with this job id may be one that the store has lost. */
  mayBeOurs: (jobId: string, nodeId: string) => boolean;
  /** Whether it is. Throws TemporaryError as `find` does. */
  isOurs: (node: MaestroNode) => Promise<boolean>;
  /** The last LAVA job for a node. Throws TemporaryError while the lab could not be searched. */
  find: (lab: string, node: Pick<MaestroNode, 'id' | 'created'>) => Promise<EarlierRun | undefined>;
  /** All open nodes of Maestro have been listed. */
  listed: () => void;
  /** Searches all labs; ends when that is done, or the signal fires. */
  search: (signal: AbortSignal) => Promise<void>;
  /** Learns what other daemons have searched; ends when nothing is missing any more, or the signal fires. */
  follow: (signal: AbortSignal) => Promise<void>;
  /** What has not been looked through yet, for people; undefined: nothing was lost, or all has been. */
  missing: () => string | undefined;
}

interface Options {
  store: Pick<Store, 'instanceId' | 'setting' | 'saveSetting'>;
  labs: ReadonlyMap<string, Lab>;
  hasMaestro: boolean;
  log: Logger;
  now: Clock;
}

/** What holds the moment (ms) of the loss after which that (a lab, Maestro) was searched. */
const searchedKey = (what: string): SettingKey => settingKey('lost', `searched ${what}`);
/** How far the clocks of Maestro and LAVA may be from ours. */
const CLOCK_SKEW = 10 * MINUTE;
const AT_ONCE = 100;
const TRY_AGAIN = 5 * SECOND;

/** What a lab was found to have. */
interface Search {
  runs: ReadonlyMap<string, EarlierRun>;
  /** Since when (ms) nothing of ours was missed; 0: all was seen. */
  since: number;
}

/** What of a loss has not been searched yet: labs and Maestro, by their names for people. */
interface Missing {
  has: (what: string) => boolean;
  /** It has been searched. */
  seen: (what: string) => void;
  /** As `EarlierRuns` has it. */
  follow: (signal: AbortSignal) => Promise<void>;
  names: () => string[];
}

/** `before`: the moment of the loss (ms); 0: there was none. */
async function createMissing(
  { store, log }: Pick<Options, 'store' | 'log'>,
  before: number,
  all: readonly string[],
): Promise<Missing> {
  const isSearched = async (what: string): Promise<boolean> =>
    Number(await store.setting(searchedKey(what))) === before;
  const missing = new Set<string>();
  if (before > 0) for (const what of all) if (!(await isSearched(what))) missing.add(what);

  function forget(what: string): boolean {
    const wasMissing = missing.delete(what);
    if (wasMissing && missing.size === 0)
      log.info('Maestro and all labs were searched for what the store had lost');
    return wasMissing;
  }

  return {
    has: (what) => missing.has(what),
    seen(what) {
      if (!forget(what)) return;
      store.saveSetting(searchedKey(what), String(before)).catch((error: unknown) => {
        // It is searched again after the next start.
        log.debug({ error: errorText(error) }, 'it could not be stored what was searched');
      });
    },
    async follow(signal) {
      while (!signal.aborted && missing.size > 0) {
        await sleep(TRY_AGAIN, signal);
        for (const what of missing) if (await isSearched(what).catch(() => false)) forget(what);
      }
    },
    names: () => [...missing],
  };
}

export async function createEarlierRuns(options: Options): Promise<EarlierRuns> {
  const { store, labs, hasMaestro, now } = options;
  const { instanceId } = store;
  const lostBefore = Number((await store.setting(LOST_BEFORE)) ?? 0);
  const key = new RegExp(`${instanceId}\\.([0-9a-f]{24})\\.(\\d{1,6})`);
  const searches = new Map<string, Promise<Search>>();
  const missing = await createMissing(options, lostBefore, [
    ...[...labs.keys()].map((name) => `the lab ${name}`),
    ...(hasMaestro ? ['Maestro'] : []),
  ]);

  async function searchLab(lab: Lab): Promise<Search> {
    // LAVA may still have been at work on a submission when the store was lost.
    const rest = lostBefore + LOST_ANSWER_REST - now();
    if (rest > 0) {
      const text = `${lab.name} is searched in a moment for what was submitted before the store lost data`;
      throw new TemporaryError('searching', text, { retryAfterMs: rest });
    }
    const { ids, complete, oldest } = await lab.call((c) => c.findByMark(`${instanceId}.`));
    const runs = new Map<string, EarlierRun>();
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      const shown = await lab.call((c) => c.show(ids.slice(i, i + AT_ONCE)));
      for (const one of shown.values()) {
        if (one.kind === 'failed') throw new TemporaryError('no_answer', `${lab.name}: ${one.reason}`);
        if (one.kind === 'job') take(runs, one.job);
      }
    }
    const last = complete || oldest === undefined ? undefined : await lab.show(oldest);
    missing.seen(`the lab ${lab.name}`);
    return { runs, since: complete ? 0 : (last?.submittedAt ?? Infinity) };
  }

  function take(
    runs: Map<string, EarlierRun>,
    job: { id: number; description: string; submittedAt: number | undefined },
  ): void {
    const [submissionKey, nodeId, number] = key.exec(job.description) ?? [];
    if (submissionKey === undefined || nodeId === undefined) return;
    const known = runs.get(nodeId);
    const n = Number(number);
    if (known !== undefined && (known.n > n || (known.n === n && known.lavaId > job.id))) return;
    runs.set(nodeId, { n, submissionKey, lavaId: job.id, submittedAt: job.submittedAt });
  }

  function searchOnce(lab: Lab): Promise<Search> {
    const known = searches.get(lab.name);
    if (known !== undefined) return known;
    const begun = searchLab(lab);
    searches.set(lab.name, begun);
    begun.catch(() => searches.delete(lab.name));
    return begun;
  }

  async function find(
    name: string,
    { id, created }: Pick<MaestroNode, 'id' | 'created'>,
  ): Promise<EarlierRun | undefined> {
    const createdAt = parseTime(created) ?? 0;
    const lab = labs.get(name);
    if (lab === undefined || createdAt > lostBefore + CLOCK_SKEW || lostBefore === 0) return undefined;
    const { runs, since } = await searchOnce(lab);
    const found = runs.get(id);
    if (found !== undefined || createdAt > since + CLOCK_SKEW || since === 0) return found;
    throw new TemporaryError('search', `${name} has too many jobs to say whether it has one of node ${id}`);
  }

  return {
    mayBeOurs: (jobId, nodeId) =>
      jobId === `${instanceId}:${nodeId}` || (lostBefore > 0 && /^\d{1,15}$/.test(jobId)),
    async isOurs(node) {
      const { job_id: jobId, runtime } = node.data;
      if (typeof jobId !== 'string' || jobId === '' || jobId === `${instanceId}:${node.id}`) return true;
      return (await find(runtime ?? '', node)) !== undefined;
    },
    find,
    listed: () => missing.seen('Maestro'),
    async search(signal) {
      const names = [...labs.values()].filter(({ name }) => missing.has(`the lab ${name}`));
      await Promise.all(
        names.map(async (lab) => {
          while (!signal.aborted && missing.has(`the lab ${lab.name}`)) {
            // Why not, the lab's state says.
            await searchOnce(lab).catch(() => sleep(TRY_AGAIN, signal));
          }
        }),
      );
    },
    follow: missing.follow,
    missing: () =>
      missing.names().length === 0
        ? undefined
        : `jobs from before ${rfc3339(lostBefore)} may be missing (the store was damaged or restored, or a standby took over); not searched for them yet: ${missing.names().join(', ')}`,
  };
}
