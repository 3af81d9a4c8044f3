// Holds leases for one of several processes on one database: renews itself, takes what is free and should be its own, gives up
// what should be another's, and removes those that died. Who should do what is in balance.ts.
import type { Logger } from 'pino';
import { actingUnder } from '../core/acting.ts';
import { errorText } from '../core/errors.ts';
import { LostLeaseError, type Lease } from '../core/lease.ts';
import { formatDuration, SECOND, sleep, type Clock } from '../core/time.ts';
import { wantedHolders } from './balance.ts';
import type { Holder, Work } from './lease.ts';
import { createOutage } from './outage.ts';

/** Where processes and leases are kept. Each may throw: it is tried again with the next round. */
export interface LeaseTable {
  readonly processId: string;
  /** Enters this process among the living, with the names of the work that it can do; or changes these. */
  enter: (names: readonly string[]) => Promise<void>;
  /** Renews it; false: it counted as dead and was removed. */
  renew: () => Promise<boolean>;
  /** Removes those that count as dead; gives them. */
  bury: () => Promise<readonly string[]>;
  sharedWork: () => Promise<SharedWork>;
  /** undefined: another holds it. */
  take: (name: string) => Promise<Lease | undefined>;
  release: (lease: Lease) => Promise<void>;
  leave: () => Promise<void>;
}

interface SharedWork {
  processes: readonly { id: string; host: string; pid: number; names: readonly string[]; restMs: number }[];
  leases: readonly { name: string; holder: string | null; fence: number }[];
}

export interface HolderOptions {
  table: LeaseTable;
  works: readonly Work[];
  log: Logger;
  /** How long a process counts as alive after it last renewed itself (ms). */
  ttl: number;
  /** Runs also while the process or the machine is stopped, and cannot be set (ms). */
  steady: Clock;
  /** This process came or left, or gave something up: the others are to look. */
  onFreed: () => void;
  /** The table failed. */
  onFailed: (error: unknown) => void;
}

/** How often a process renews itself: so many times within the ttl. */
const RENEWALS = 4;
/** What acts outside does not begin in the last part of the ttl. */
const MARGIN = 1 / 4;
/** How long work that is to end may go on before its lease is given up all the same (ms). */
const GRACE = 5 * SECOND;

/** Work that runs here. */
interface Running {
  lease: Lease;
  abort: AbortController;
  isLost: boolean;
  ended: Promise<void>;
}

/** The works that run here, each under its lease. */
interface OwnWorks {
  running: ReadonlyMap<string, Running>;
  /** Whether it is being given up. */
  isLeaving: (name: string) => boolean;
  begin: (work: Work, lease: Lease) => void;
  /** Another has it, or may: nothing of it is stored or sent any more. */
  lose: (own: Running) => void;
  /** Ends work in order, and then lets another have it. */
  giveUp: (own: Running) => Promise<void>;
}

function createOwnWorks(
  { table, log, onFreed }: Pick<HolderOptions, 'table' | 'log' | 'onFreed'>,
  isOver: () => boolean,
  failed: (error: unknown) => void,
): OwnWorks {
  const running = new Map<string, Running>();
  const leaving = new Map<string, Promise<void>>();

  async function end(own: Running): Promise<void> {
    const { name } = own.lease;
    own.abort.abort();
    const waiting = new AbortController();
    await Promise.race([own.ended, sleep(GRACE, waiting.signal)]);
    waiting.abort();
    own.isLost = true;
    await table.release(own.lease);
    log.info({ work: name }, `${name} is given up for another daemon`);
    onFreed();
  }

  return {
    running,
    isLeaving: (name) => leaving.has(name),
    begin(work, lease) {
      const abort = new AbortController();
      const own: Running = { lease, abort, isLost: false, ended: Promise.resolve() };
      const check = (): void => {
        if (own.isLost || isOver()) throw new LostLeaseError(lease.name);
      };
      own.ended = actingUnder(check, () => work.run({ lease, check }, abort.signal))
        .catch((error: unknown) => {
          log.error({ work: work.name, error: errorText(error) }, 'a work loop has ended with an error');
        })
        // The next round begins it again, where it should be.
        .finally(() => running.delete(work.name));
      running.set(work.name, own);
      log.info({ work: work.name, fence: lease.fence }, `${work.name} is done here now`);
    },
    lose(own) {
      if (own.isLost) return;
      own.isLost = true;
      own.abort.abort();
      log.warn({ work: own.lease.name }, `${own.lease.name} is lost to another daemon`);
    },
    giveUp(own) {
      const { name } = own.lease;
      const known = leaving.get(name);
      if (known !== undefined) return known;
      // What fails is tried again with the next round: this process is known to live.
      const given = end(own)
        .catch(failed)
        .finally(() => leaving.delete(name));
      leaving.set(name, given);
      return given;
    },
  };
}

/** A holder among several. `steady` is compared with itself alone. */
export function createLeaseHolder(options: HolderOptions): Holder {
  const { table, works, log, ttl, steady, onFreed } = options;
  const every = ttl / RENEWALS;
  const stopping = new AbortController();
  let renewedAt = -Infinity;
  let ring = new AbortController();
  let rounds: Promise<unknown> | undefined;

  const isOver = (): boolean => steady() - renewedAt > ttl * (1 - MARGIN);
  const outage = createOutage(
    log,
    'this daemon cannot renew its leases; it does nothing new',
    'this daemon renews its leases again',
    errorText,
    steady,
  );
  const own = createOwnWorks({ table, log, onFreed }, isOver, failed);

  function failed(error: unknown): void {
    outage.failed(error);
    options.onFailed(error);
  }

  async function renew(): Promise<void> {
    // Before the request: the time counts from when the database has it, or later.
    const asked = steady();
    if (!(await table.renew())) {
      for (const one of own.running.values()) own.lose(one);
      await table.enter(works.map(({ name }) => name));
      // The others give up what should be its own.
      onFreed();
      if (renewedAt > -Infinity)
        log.warn(
          { after: formatDuration(asked - renewedAt) },
          'this daemon was not heard of for too long: others have its work',
        );
    }
    renewedAt = asked;
    outage.worked();
  }

  /** Who is there and who holds what, without those that have died. */
  async function look(): Promise<SharedWork> {
    const shared = await table.sharedWork();
    if (shared.processes.every(({ restMs }) => restMs >= 0)) return shared;
    const dead = await table.bury();
    if (dead.length === 0) return shared;
    for (const { host, pid } of shared.processes.filter(({ id }) => dead.includes(id)))
      log.warn({ daemon: `${host}:${pid}` }, `the daemon ${host}:${pid} has died: the others share its work`);
    return table.sharedWork();
  }

  /** What the database says that this process holds, and what runs here, are to be the same. */
  async function agree({ leases }: SharedWork): Promise<void> {
    const mine = new Map(leases.filter(({ holder }) => holder === table.processId).map((l) => [l.name, l]));
    for (const [name, one] of own.running) if (mine.get(name)?.fence !== one.lease.fence) own.lose(one);
    for (const { name, fence } of mine.values()) {
      // A release that failed, or work that ended by itself.
      if (!own.running.has(name) && !own.isLeaving(name))
        await table.release({ name, holder: table.processId, fence });
    }
  }

  /** By itself, so that nothing else that takes long holds it up. */
  async function renewUntilStop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const began = steady();
      await renew().catch(failed);
      await sleep(Math.max(every / 10, every - (steady() - began)), stopping.signal);
    }
  }

  /** Does what follows from who is there and who holds what; gives when to look again (ms). */
  async function round(): Promise<number> {
    const shared = await look();
    await agree(shared);
    const holders = new Map<string, string>();
    for (const { name, holder } of shared.leases) if (holder !== null) holders.set(name, holder);
    const wanted = wantedHolders(shared.processes, holders);
    for (const work of works) {
      const here = own.running.get(work.name);
      const isMine = wanted.get(work.name) === table.processId;
      if (here !== undefined && !here.isLost && !isMine) void own.giveUp(here);
      // What is left from before a loss ends first: the same work never runs twice in one process.
      if (here !== undefined || own.isLeaving(work.name) || !isMine || stopping.signal.aborted) continue;
      const lease = await table.take(work.name);
      if (lease !== undefined) own.begin(work, lease);
    }
    const others = shared.processes.filter(({ id }) => id !== table.processId);
    // A moment after another would count as dead.
    return Math.max(every / 10, Math.min(every, ...others.map(({ restMs }) => restMs + 20)));
  }

  async function roundsUntilStop(first: PromiseWithResolvers<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      let rest = every / 4;
      ring = new AbortController();
      try {
        rest = await round();
        first.resolve();
      } catch (error) {
        failed(error);
      }
      await sleep(rest, AbortSignal.any([ring.signal, stopping.signal]));
    }
    first.resolve();
  }

  return {
    async start() {
      // It is entered with the first renewal.
      await renew().catch(failed);
      const first = Promise.withResolvers<void>();
      rounds ??= Promise.all([renewUntilStop(), roundsUntilStop(first)]);
      await first.promise;
    },
    wake: () => ring.abort(),
    async stop() {
      stopping.abort();
      await rounds;
      // From now on nothing is meant for this process.
      await table.enter([]).catch(failed);
      const all = [...own.running.values()];
      await Promise.all(all.map((one) => own.giveUp(one)));
      await Promise.all(all.map((one) => one.ended));
      await table.leave().catch(failed);
      onFreed();
    },
  };
}
