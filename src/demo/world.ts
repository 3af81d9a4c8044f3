// A whole world on loopback: Maestro, a LAVA lab and KCIDB played by simulators, and the real daemon between them.
// For the demo and for tests of the whole path.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { stringify } from 'yaml';
import type { Clock } from '../core/time.ts';
import { loadConfig } from '../config/load.ts';
import { createDaemon, type Daemon, type Delays } from '../daemon.ts';
import { validateReport } from '../kcidb/schema.ts';
import { freePort } from '../sim/free-port.ts';
import { startKcidbSimulator, type KcidbSimulator, type KcidbSimulatorOptions } from '../sim/kcidb/server.ts';
import { startLavaSimulator, type LavaSimulator, type LavaSimulatorOptions } from '../sim/lava/simulator.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../sim/maestro/server.ts';
import type { Reader, Store } from '../store/index.ts';

export const DEMO_LAB = 'lava-demo';

/** The simulators and the daemon between them. */
export interface World {
  maestro: MaestroSimulator;
  lava: LavaSimulator;
  kcidb: KcidbSimulator;
  daemon: Daemon;
  /** Where the daemon listens. */
  url: string;
  /** The daemon's bearer token. */
  token: string;
  configFile: string;
  /** Starts another daemon on the same state, after the last one was stopped or abandoned. */
  restart: (store?: Store) => Promise<Daemon>;
  stop: () => Promise<void>;
}

interface Options {
  /** A folder of its own, for configuration and state. */
  folder: string;
  log: Logger;
  lava?: LavaSimulatorOptions;
  kcidb?: KcidbSimulatorOptions;
  /** Merged into the configuration's top level. */
  config?: Record<string, unknown>;
  /** Merged into the entry `maestro`. */
  maestro?: Record<string, unknown>;
  /** Merged into the lab's entry. */
  lab?: Record<string, unknown> | undefined;
  /** Merged into the entry `http`. */
  http?: Record<string, unknown>;
  /** How long the daemon waits for an answer of LAVA, Maestro and KCIDB. */
  timeout?: string;
  /** How often Maestro is asked for work. */
  poll?: string;
  /** Entries of more labs. */
  labs?: (Record<string, unknown> & { name: string })[] | undefined;
  store?: (file: string) => Promise<Store>;
  /** In place of the daemon's own. */
  reader?: ((file: string) => Reader) | undefined;
  /** The daemon's clock. */
  now?: Clock;
  /** How far that was set since the start. */
  drift?: Clock;
  /** The daemon's, where they are not its own. */
  delays?: Delays;
}

/** Starts everything; what was started is stopped again if something fails. */
export async function startWorld({
  folder,
  log,
  lava: lavaOptions,
  kcidb: kcidbOptions,
  config,
  maestro: maestroConfig,
  lab,
  http,
  labs = [],
  poll = '1s',
  timeout = '60s',
  store,
  reader,
  now,
  drift,
  delays = {},
}: Options): Promise<World> {
  const lava = await startLavaSimulator({
    pace: { scheduleMs: 30, startMs: 30, runMs: 200 },
    // Lab and daemon share a process: a busy machine loses no callback.
    callbackTimeoutMs: 60_000,
    ...lavaOptions,
  });
  const maestro = await startMaestroSimulator({ runtimes: [DEMO_LAB, ...labs.map(({ name }) => name)] });
  const kcidb = await startKcidbSimulator({ validate: problemsOf, ...kcidbOptions });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const token = 'demo-token';
  const configFile = join(folder, 'lava-bridge.yaml');
  const content = {
    instance: 'demo',
    maestro: { url: maestro.url, token: maestro.token, poll_interval: poll, timeout, ...maestroConfig },
    labs: [
      {
        name: DEMO_LAB,
        origin: 'demo',
        lava: { url: lava.url, user: lava.user, token: lava.token, events: lava.eventsUrl, timeout },
        callback: { token_name: lava.callback.name, token: lava.callback.token },
        limits: { max_queued_per_device: 50 },
        retries: { infrastructure: 1, pause: '1s' },
        ...lab,
      },
      ...labs,
    ],
    kcidb: { url: kcidb.url, token: kcidb.token, timeout },
    http: {
      listen: `127.0.0.1:${port}`,
      api_listen: `127.0.0.1:${port}`,
      pages_listen: `127.0.0.1:${port}`,
      public_url: url,
      token,
      ...http,
    },
    store: { sqlite: 'state/lava-bridge.db' },
    fetch: { networks: ['loopback'] },
    log_level: 'warn',
    ...config,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(configFile, stringify(content), { mode: 0o600 });

  const database = join(folder, 'state', 'lava-bridge.db');

  async function start(own?: Store): Promise<Daemon> {
    const loaded = await loadConfig(configFile);
    const daemon = await createDaemon(loaded, {
      log,
      delays,
      ...(own === undefined ? {} : { store: own }),
      ...(reader === undefined ? {} : { reader: reader(database) }),
      ...(now === undefined ? {} : { now }),
      ...(drift === undefined ? {} : { drift }),
    });
    await daemon.start();
    return daemon;
  }

  const world: World = {
    maestro,
    lava,
    kcidb,
    url,
    token,
    configFile,
    daemon: await start(await store?.(database)),
    async restart(own) {
      world.daemon = await start(own);
      return world.daemon;
    },
    async stop() {
      await world.daemon.stop();
      await Promise.all([maestro.stop(), lava.stop(), kcidb.stop()]);
    },
  };
  return world;
}

/** What KCIDB's ingester would say of a report. */
function problemsOf(report: unknown): string[] {
  return validateReport(report).rejected.flatMap((r) =>
    r.reasons.map((reason) => `${r.list}.${r.index}: ${reason}`),
  );
}
