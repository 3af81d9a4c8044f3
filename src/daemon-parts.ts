// What the daemon opens by its configuration.
import { hostname, uptime } from 'node:os';
import type { Logger } from 'pino';
import { BridgeError } from './core/errors.ts';
import { SECOND, type Clock } from './core/time.ts';
import { programVersion } from './core/version.ts';
import { postgresUrlFault } from './config/postgres-url.ts';
import type { BridgeConfig } from './config/schema.ts';
import { resolveSecret } from './config/secrets.ts';
import type { Circuit } from './engine/circuit.ts';
import { createDrift, createSharedClock, type ClockWatch } from './engine/clock.ts';
import { createKeyedQueue } from './engine/keyed-queue.ts';
import { createLeaseHolder, type HolderOptions } from './engine/lease-holder.ts';
import { createSoleHolder, type Holder, type Work } from './engine/lease.ts';
import { reportDamage } from './lifecycle/store-health.ts';
import type { MaestroAccess } from './maestro/answers.ts';
import { createMaestroClient, type MaestroClient } from './maestro/client.ts';
import { LEASE_TTL, openStore, type LeaseStore, type Store, type StorePlace } from './store/index.ts';

/** Where the state is. Throws BridgeError `secret`. */
export function storeOf({ store }: Pick<BridgeConfig, 'store'>): StorePlace {
  if ('sqlite' in store) return { sqlite: store.sqlite };
  const url = resolveSecret(store.postgres);
  const fault = postgresUrlFault(url);
  if (fault === undefined) return { postgres: url };
  throw new BridgeError('secret', `what store.postgres holds ${fault}`);
}

interface TimedOptions {
  log: Logger;
  /** In place of the machine's or the database's clock. */
  now?: Clock;
  /** How far that was set since the start (ms). */
  drift?: Clock;
  /** In place of that of the place. */
  store?: Store;
}

/**
 * Opens the store, with the clock by which its times are: the database's where several daemons may share it, so that they agree
 * whatever their machines' clocks say, else the machine's. Throws as openStore does.
 */
export async function openTimed(
  place: StorePlace,
  { log, ...own }: TimedOptions,
): Promise<{ store: Store; clock: Omit<ClockWatch, 'log' | 'onSetBack'> & { now: Clock } }> {
  const shared = 'postgres' in place && own.now === undefined ? createSharedClock(log) : undefined;
  const now = own.now ?? shared?.now ?? Date.now;
  const store = own.store ?? (await openStore(place, now, (damage) => reportDamage(log, damage)));
  const { leases } = store;
  const follow = shared && leases && (() => shared.follow(() => leases.time()));
  await follow?.();
  const whose = follow === undefined ? 'machine' : 'database';
  return { store, clock: { now, drift: own.drift ?? createDrift(now), follow, whose } };
}

/** Maestro's client; undefined: none is configured. Throws BridgeError `secret`. */
export function maestroOf(
  { maestro }: BridgeConfig,
  calls: Pick<MaestroAccess, 'signal' | 'onCall'>,
): MaestroClient | undefined {
  if (maestro === undefined) return undefined;
  const { url, token, timeout } = maestro;
  return createMaestroClient({ url, token: resolveSecret(token), timeoutMs: timeout, ...calls });
}

/** The stages share the outbox's circuit: while Maestro is away, no job waits for its time-out. */
export function guarded(
  maestro: MaestroClient,
  { run }: Circuit,
): Pick<MaestroClient, 'getNode' | 'updateNode'> {
  return {
    getNode: (...args) => run(() => maestro.getNode(...args)),
    updateNode: (...args) => run(() => maestro.updateNode(...args)),
  };
}

/** What holds the leases of these works: all for ever, or its share of them where several daemons have the database. */
export function holderOf(
  works: readonly Work[],
  leases: LeaseStore | undefined,
  { log, onFailed }: Pick<HolderOptions, 'log' | 'onFailed'>,
): Holder {
  if (leases === undefined) return createSoleHolder(works);
  const facts = { host: hostname(), pid: process.pid, version: programVersion() };
  const holder = createLeaseHolder({
    works,
    log,
    ttl: LEASE_TTL,
    // The first stands still while the machine sleeps, the second is coarse.
    steady: () => Math.max(performance.now() - START.steady, uptime() * SECOND - START.uptime),
    onFreed: () => leases.tellWork(),
    onFailed,
    table: { ...leases, enter: (names) => leases.enter({ ...facts, names }) },
  });
  leases.onWork(holder.wake);
  return holder;
}

const START = { steady: performance.now(), uptime: uptime() * SECOND };

/** The same work, of which a second call begins when the first has ended. */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  const queue = createKeyedQueue();
  return () => queue('', work);
}
