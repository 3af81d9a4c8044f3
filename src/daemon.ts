// Builds the parts from the configuration, starts them in order, and stops them in the reverse one.
import type { Logger } from 'pino';
import { createCircuit, type Circuit, type CircuitState } from './engine/circuit.ts';
import { errorText } from './core/errors.ts';
import { sharedAnswer } from './core/shared-answer.ts';
import { MINUTE, SECOND, type Clock } from './core/time.ts';
import type { BridgeConfig } from './config/schema.ts';
import { guarded, holderOf, maestroOf, oneAtATime, openTimed, storeOf } from './daemon-parts.ts';
import type { HttpPorts } from './http/ports.ts';
import { createServers } from './http/servers.ts';
import { watchClock } from './engine/clock.ts';
import { createCrashGuard } from './engine/crash-guard.ts';
import { MAESTRO } from './reporting/destinations/maestro.ts';
import { openDestinations } from './reporting/destinations/table.ts';
import type { Parts as DestinationParts } from './reporting/destinations/destination.ts';
import { createReporting } from './reporting/reporting.ts';
import { callbackTargets, createCallbackWatch } from './lifecycle/callback-watch.ts';
import { createHostFetch } from './intake/host-fetch.ts';
import { createDeviceLog } from './lifecycle/device-log.ts';
import { createEarlierRuns } from './lifecycle/earlier-runs.ts';
import { createStoreHealth, type StoreHealth } from './lifecycle/store-health.ts';
import { allParts } from './lifecycle/all-parts.ts';
import { jobMetrics } from './lifecycle/job-metrics.ts';
import { askParts } from './lifecycle/parts.ts';
import { createSharedStates } from './lifecycle/shared-states.ts';
import { withListeners } from './lifecycle/job-events.ts';
import { jobJournal } from './lifecycle/job-journal.ts';
import { openLabs } from './lifecycle/open-lab.ts';
import { labOfJob } from './lifecycle/labs.ts';
import { createOutbox } from './engine/outbox.ts';
import { deathsOf, setAsideWhatKills } from './lifecycle/set-aside.ts';
import { createRunner } from './engine/runner.ts';
import { callTimer, createMetrics } from './metrics/metrics.ts';
import { openSenders } from './notify/senders.ts';
import { openFolders, watchFolders } from './live-folders.ts';
import { createMetadataReader } from './intake/build-metadata.ts';
import { createReload, type Reload } from './reload.ts';
import { openLogStore } from './storage/open.ts';
import { openOwnFiles } from './storage/own-files.ts';
import {
  disksOf,
  openState,
  type DeliveryRecord,
  type DueDelivery,
  type JobRecord,
  type Store,
} from './store/index.ts';
import type { Reader } from './store/reader.ts';
import { worksOf, type WorkPorts } from './works.ts';

/** All that is given to the parts; each names for itself what it uses of it. */
type Ports = WorkPorts & HttpPorts;

/** The built daemon, to be started and stopped. */
export interface Daemon {
  /** Starts everything; throws if an address can't be listened on. */
  start: () => Promise<void>;
  /**
   * Takes up nothing more, lets what is under way come to a stored point, and ends all. After `graceMs` (3 s if it is
   * not there) calls to others are cut off; the next start finds out what became of them.
   */
  stop: (graceMs?: number) => Promise<void>;
  /** Reads all again that may change while it runs. */
  reload: Reload;
  /** Whether the jobs move: for the watchdog. */
  alive: () => boolean;
  /** As in StoreHealth: only a start can mend the store. */
  storeFault: StoreHealth['fault'];
  /** Where it listens, once started. */
  urls: string[];
  /** What was built; for the demo and for tests. */
  context: Ports;
}

/** How long the parts wait for what shows late, and how often they look at what is outside (ms); their own if not there. */
export type Delays = Pick<Ports, 'claimSettle'> &
  Pick<DestinationParts, 'kcidbFirstLook'> & { askParts?: number; notify?: number; quietAfterCrash?: number };

interface Parts {
  log: Logger;
  /** The clock, if it is another one than the machine's or the database's. */
  now?: Clock;
  /** How far that was set since the start (ms). */
  drift?: Clock;
  /** In place of the configured one. */
  store?: Store;
  /** In place of one in a thread of its own. */
  reader?: Reader;
  /** A socket that listens at http.listen already: systemd's. */
  callbackSocket?: number | undefined;
  /** Shorter in tests. */
  delays?: Delays;
}

const GRACE = 3 * SECOND;
/** The longest that anything has to wait for a look when the clock was set back; most wait for less. */
const LONGEST_WAIT = 10 * MINUTE;
/** Without a round of the runner for so long, something is stuck. */
const STUCK_AFTER = MINUTE;

/** Builds the daemon. Throws ConfigError or BridgeError with what is wrong in configuration, files or secrets. */
export async function createDaemon(
  config: BridgeConfig,
  { log, delays = {}, ...parts }: Parts,
): Promise<Daemon> {
  const folders = await openFolders(config);
  const stopping = new AbortController();
  const cut = new AbortController();
  const { signal } = cut;

  const metrics = createMetrics(folders.boards.names());
  const place = storeOf(config);
  const { clock, store: bare } = await openTimed(place, { log, ...parts });
  const { now, drift } = clock;
  const store = withListeners(bare, [jobJournal(log), jobMetrics(metrics)]);
  const state = await openState(place, now);
  const reader = parts.reader ?? state.openReader();
  const { blobs } = state;
  const senders = openSenders(config.notify);
  const logs = openLogStore(config, state, signal);
  const maestro = maestroOf(config, { signal, onCall: callTimer(metrics, 'maestro') });
  const storeHealth = createStoreHealth({ state, missing: () => earlier.missing(), log, now });
  const { outage: storeOutage } = storeHealth;
  const labs = openLabs(config.labs, {
    log,
    now,
    signal,
    onUp: (lab) => goOn([lab]),
    onInventory: createDeviceLog({ store, storeOutage, signal: stopping.signal }),
    onCall: (lab) => callTimer(metrics, lab),
  });
  const { instanceId } = store;
  const earlier = await createEarlierRuns({ store, labs, hasMaestro: maestro !== undefined, log, now });
  const opened = openDestinations({ config, maestro, logs, blobs, instanceId, now, signal, ...delays });
  const destinations = opened.map((destination) => ({
    ...destination,
    circuit: circuitFor(destination.name),
  }));
  const maestroCircuit = destinations.find(({ name }) => name === MAESTRO)?.circuit ?? circuitFor(MAESTRO);
  const fetchLimits = {
    timeoutMs: config.fetch.timeout,
    maxRedirects: config.fetch.max_redirects,
    networks: config.fetch.networks,
  };
  const fetch = createHostFetch({ limits: fetchLimits, now });
  const guard = createCrashGuard({
    notes: store,
    now,
    onTurn: wakeAll,
    deaths: deathsOf,
    quietFor: delays.quietAfterCrash,
  });
  const callbackWatch = createCallbackWatch({ store, log, now, labs: callbackTargets(config) });
  const { parts: known, streams } = allParts({ labs, callbackWatch, destinations, store, storeHealth, now });
  const states = createSharedStates({
    leases: store.leases,
    parts: known,
    callbackWatch,
    labs,
    marks: folders.marks,
    storeOutage,
    log,
    now,
  });
  const ports: Ports = {
    config,
    guard,
    store,
    reader,
    blobs,
    labs,
    maestro: maestro && guarded(maestro, maestroCircuit),
    boards: folders.boards,
    plans: folders.plans,
    renderer: folders.renderer,
    catalogVersion: folders.version,
    dtbs: createMetadataReader(
      { ...fetchLimits, maxBytes: config.fetch.max_size },
      { fetch: (url, { maxBytes }) => fetch(url, { maxBytes, signal }) },
    ),
    logs,
    files: openOwnFiles(state.files('files')),
    callbackWatch,
    reporting: createReporting(opened),
    parts: states.parts,
    daemons: states.daemons,
    metrics,
    log,
    senders,
    earlier,
    storeHealth,
    // Each job that is let in asks. What is kept free for those that run is not written within this time.
    disks: sharedAnswer(() => disksOf(config), SECOND, now),
    storeOutage,
    now,
    drift,
    ...delays,
    wake: (lab) => runner.wake(lab),
    wakeOutbox: () => outbox.wake(),
  };
  const runner = createRunner<JobRecord>({
    id: (job) => job.id,
    mayBegin: guard.mayBegin,
    onError: storeOutage.failed,
    now,
  });
  const outbox = createOutbox<DueDelivery, DeliveryRecord>({
    destinations,
    log,
    outage: storeOutage,
    guard,
    now,
    onEnd: (jobId) => runner.wake(labOfJob(jobId)),
  });
  const works = worksOf({
    ports,
    runner,
    outbox,
    destinations,
    maestro,
    fetch,
    earlier,
    parts: known,
    streams,
    learn: oneAtATime(() => setAsideWhatKills({ store, guard, log, now }).catch(storeOutage.failed)),
    every: delays,
  });
  const holder = holderOf(works, store.leases, { log, onFailed: storeOutage.failed });
  // What another daemon stored (a callback, an order) may be for what is done here.
  store.leases?.onNews(({ jobs = [], deliveries, drains }) => {
    if (jobs === 'all' || drains) runner.wake();
    else for (const lab of new Set(jobs.map(labOfJob))) runner.wake(lab);
    if (deliveries) outbox.wake();
  });
  const alive = (): boolean => now() - runner.lastRound() < STUCK_AFTER;
  const servers = createServers(config, {
    ctx: { ...ports, labs: states.labs },
    outbox,
    alive,
    now,
    callbackSocket: parts.callbackSocket,
  });

  function circuitFor(name: string): Circuit {
    return createCircuit({
      name,
      now,
      // Maestro's client measures its calls itself, those of the feed among them.
      onCall: name === 'maestro' ? undefined : callTimer(metrics, name),
      onChange: ({ status, why }: CircuitState) => {
        if (status === 'down')
          return log.warn({ destination: name, why }, `${name} is away; deliveries wait`);
        log.info({ destination: name }, `${name} is back`);
        store
          .wakeDeliveries(name)
          .then(() => outbox.wake())
          .catch(storeOutage.failed);
        return goOn([...labs.keys()]);
      },
    });
  }

  /** What waits in these labs for something that was away is due now. */
  function goOn(names: readonly string[]): void {
    for (const name of names) {
      Promise.all([store.wakeFailed(name), store.wakeStage(name, 'received')])
        .then(() => runner.wake(name))
        .catch(storeOutage.failed);
    }
  }

  /** Nothing has happened later than now, and nothing waits for longer than it ever has to. */
  async function forgetFuture(): Promise<void> {
    await store.forgetFuture(LONGEST_WAIT).catch(storeOutage.failed);
    wakeAll();
  }

  function wakeAll(): void {
    runner.wake();
    outbox.wake();
  }

  const reload = createReload({
    config,
    log,
    readAgain: [folders.readAgain, servers.readAgain, () => wakeAll],
  });
  let upkeep: { stop: () => Promise<void> } | undefined;
  const urls: string[] = [];
  const background: Promise<unknown>[] = [];
  return {
    context: ports,
    reload,
    alive,
    storeFault: storeHealth.fault,
    urls,
    async start() {
      upkeep = state.startUpkeep(log);
      await forgetFuture();
      if (store.leases === undefined) await store.countCrash().catch(storeOutage.failed);
      urls.push(...(await servers.start()));
      await holder.start();
      watchFolders(
        config,
        {
          onChange: () => void reload.all(async () => config),
          onTrouble: (folder, error) =>
            log.warn(
              { folder, error: errorText(error) },
              'changes of the folder are not noticed; reload by hand',
            ),
        },
        stopping.signal,
      );
      background.push(
        watchClock({ ...clock, log, onSetBack: forgetFuture }, stopping.signal),
        storeHealth.run(stopping.signal),
        states.run(stopping.signal),
        ...(store.leases === undefined ? [] : [earlier.follow(stopping.signal)]),
        askParts(
          known.filter(({ kind }) => kind === 'store'),
          { now, every: delays.askParts, signal: stopping.signal },
        ),
      );
    },
    async stop(graceMs = GRACE) {
      stopping.abort();
      if (graceMs === 0) cut.abort();
      const cutting = setTimeout(() => cut.abort(), graceMs);
      await Promise.all([servers.stop(graceMs), upkeep?.stop(), holder.stop(), ...background]);
      clearTimeout(cutting);
      cut.abort();
      await Promise.all([reader.close(), state.close()]);
      await store.close();
    },
  };
}
