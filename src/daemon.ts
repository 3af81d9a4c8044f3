// Builds the parts from the configuration, starts them in order, and stops them in the reverse one.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { errorText, RequestError, TemporaryError } from './base/errors.ts';
import { HOUR, MINUTE, SECOND, sleep, type Clock } from './base/time.ts';
import { loadBoards } from './boards/registry.ts';
import type { BridgeConfig, LabConfig, Listen } from './config/schema.ts';
import { resolveSecret } from './config/secrets.ts';
import { addApi } from './http/api.ts';
import { addCallbacks, type CallbackLab } from './http/callbacks.ts';
import { createCounters } from './http/counters.ts';
import { addHealth } from './http/health.ts';
import { addLogs } from './http/logs.ts';
import { addMetrics } from './http/metrics.ts';
import { createApp, listen } from './http/server.ts';
import type { Context } from './jobs/context.ts';
import { createKcidbHandler } from './jobs/deliver-kcidb.ts';
import { createMaestroHandler } from './jobs/deliver-maestro.ts';
import { createStorageHandler } from './jobs/deliver-storage.ts';
import { startEvents } from './jobs/events.ts';
import { createIngest } from './jobs/ingest.ts';
import { createLab, type Lab } from './jobs/lab.ts';
import { createOutbox, type Handler } from './jobs/outbox.ts';
import { createRunner } from './jobs/runner.ts';
import { createLavaClient } from './lava/client.ts';
import { createMaestroClient } from './maestro/client.ts';
import { createMetadataReader } from './maestro/fetch.ts';
import { loadPlans } from './plans/registry.ts';
import { shippedFolder } from './base/shipped.ts';
import { createSink } from './kcidb/open.ts';
import { openLogStore } from './storage/open.ts';
import { openBlobs, openStore, type Store } from './store/index.ts';
import { stateFolder } from './store/blobs.ts';
import { createRenderer } from './templates/renderer.ts';

export interface Daemon {
  /** Starts everything; throws if an address can't be listened on. */
  start: () => Promise<void>;
  /** Lets what is under way come to a stored point, and ends all. */
  stop: () => Promise<void>;
  /** Whether the jobs move: for the watchdog. */
  alive: () => boolean;
  /** Where it listens, once started. */
  urls: string[];
  context: Context;
}

interface Parts {
  log: Logger;
  now?: Clock;
  /** In place of the configured one. */
  store?: Store;
}

/** Without a round of the runner for so long, something is stuck. */
const STUCK_AFTER = MINUTE;

/** Builds the daemon. Throws ConfigError or BridgeError with what is wrong in configuration, files or secrets. */
export async function createDaemon(config: BridgeConfig, parts: Parts): Promise<Daemon> {
  const { log, now = Date.now } = parts;
  const abort = new AbortController();
  const counters = createCounters();
  const folders = await loadFolders(config);
  const store = parts.store ?? (await openStore(storeOf(config), now));
  const labs = new Map(
    config.labs.map((lab) => [lab.name, labOf(lab, config, log, now, () => recovered(lab.name))]),
  );
  const state = stateFolder(storeOf(config));
  const maestro =
    config.maestro === undefined
      ? undefined
      : createMaestroClient({
          url: config.maestro.url,
          token: resolveSecret(config.maestro.token),
          timeoutMs: config.maestro.timeout,
        });

  const ctx: Context = {
    config,
    store,
    blobs: openBlobs(`${state}/evidence`),
    labs,
    maestro,
    ...folders,
    dtbs: createMetadataReader({
      timeoutMs: config.fetch.timeout,
      maxBytes: config.fetch.max_size,
      maxRedirects: config.fetch.max_redirects,
      allowPrivate: config.fetch.allow_private,
    }),
    logs: openLogStore(config, state),
    log,
    now,
    wake: (lab) => runner.wake(lab),
    wakeOutbox: () => outbox.wake(),
  };
  const runner = createRunner(ctx);

  function recovered(lab: string): void {
    store
      .wakeFailed(lab)
      .then(() => runner.wake(lab))
      .catch((error: unknown) => log.error({ lab, error: errorText(error) }, 'its jobs could not be woken'));
  }

  const handlers = new Map<string, Handler>();
  const sink = createSink(config);
  if (sink) handlers.set('kcidb', createKcidbHandler(sink));
  if (maestro) handlers.set('maestro', createMaestroHandler(maestro));
  if (ctx.logs.remote) handlers.set('storage', createStorageHandler(ctx.logs.remote, ctx.blobs));
  const outbox = createOutbox({
    store,
    handlers,
    log,
    now,
    onEnd: async (jobId) => {
      await store.wake(jobId);
      const job = await store.job(jobId);
      if (job) runner.wake(job.lab);
    },
  });

  const apps = createApps();
  const background: Promise<unknown>[] = [];

  function createApps(): { app: FastifyInstance; at: Listen }[] {
    const { http } = config;
    const token = http.token === undefined ? undefined : resolveSecret(http.token);
    const servers = new Map<string, { app: FastifyInstance; at: Listen }>();
    const appAt = (at: Listen): FastifyInstance => {
      const key = `${at.host}:${at.port}`;
      const known = servers.get(key);
      if (known) return known.app;
      const app = createApp(log, counters);
      addHealth(app, { ctx, alive, outbox });
      servers.set(key, { app, at });
      return app;
    };
    const callbackLabs = new Map(config.labs.map((lab) => [lab.name, callbackLab(lab)]));
    addCallbacks(appAt(http.listen), { labs: callbackLabs, store, counters, log, wake: ctx.wake });
    addLogs(appAt(http.listen), ctx.logs);
    const api = appAt(http.api_listen ?? http.listen);
    addApi(api, { ctx, counters, token });
    addMetrics(api, { ctx, counters, outbox });
    return [...servers.values()];
  }

  function alive(): boolean {
    return now() - runner.lastRound() < STUCK_AFTER;
  }

  const urls: string[] = [];
  return {
    context: ctx,
    alive,
    urls,
    async start() {
      for (const { app, at } of apps) urls.push(await listen(app, at));
      runner.start();
      outbox.start();
      for (const lab of labs.values()) startEvents(lab, ctx, abort.signal);
      if (maestro && config.maestro)
        background.push(createIngest(ctx, maestro, config.maestro).run(abort.signal));
      background.push(keepHouse(ctx, abort.signal));
    },
    async stop() {
      abort.abort();
      await Promise.all(apps.map(({ app }) => app.close()));
      await Promise.all([runner.stop(), outbox.stop(), ...background]);
      await store.close();
    },
  };
}

function storeOf(config: BridgeConfig): { sqlite: string } {
  if ('sqlite' in config.store) return config.store;
  throw new RequestError('store', 'store.postgres: not yet; use sqlite: PATH');
}

async function loadFolders(config: BridgeConfig): Promise<Pick<Context, 'boards' | 'plans' | 'renderer'>> {
  const [boards, plans, renderer] = await Promise.all([
    loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types }),
    loadPlans({ shipped: shippedFolder('plans'), own: config.plans }),
    createRenderer({ shipped: shippedFolder('job-templates'), own: config.job_templates }),
  ]);
  return { boards, plans, renderer };
}

function labOf(lab: LabConfig, config: BridgeConfig, log: Logger, now: Clock, onUp: () => void): Lab {
  return createLab({
    config: lab,
    client: createLavaClient({
      url: lab.lava.url,
      user: lab.lava.user,
      token: resolveSecret(lab.lava.token),
      timeoutMs: lab.lava.timeout,
    }),
    callbackBase: lab.callback.url ?? config.http.public_url ?? '',
    now,
    onChange: ({ up, why }) => {
      if (up) {
        log.info({ lab: lab.name }, 'the lab is back');
        onUp();
      } else {
        log.warn({ lab: lab.name, why }, 'the lab is away; its jobs wait');
      }
    },
  });
}

function callbackLab(lab: LabConfig): CallbackLab {
  return {
    name: lab.name,
    header: lab.callback.header.toLowerCase(),
    token: resolveSecret(lab.callback.token),
    tokenName: lab.callback.token_name,
    maxBody: lab.limits.max_callback,
  };
}

/** Now and then: probes labs that are away, and removes what is older than it is kept. */
async function keepHouse(ctx: Context, signal: AbortSignal): Promise<void> {
  let sweptAt = 0;
  while (!signal.aborted) {
    for (const lab of ctx.labs.values()) {
      if (lab.state().up) continue;
      await lab
        .call((c) => c.version())
        .catch((error: unknown) => {
          if (!(error instanceof TemporaryError))
            ctx.log.error({ lab: lab.name, error: errorText(error) }, 'probe failed');
        });
    }
    if (ctx.now() - sweptAt > HOUR) {
      sweptAt = ctx.now();
      await sweep(ctx).catch((error: unknown) =>
        ctx.log.error({ error: errorText(error) }, 'old files could not be removed'),
      );
    }
    await sleep(15 * SECOND, signal);
  }
}

async function sweep(ctx: Context): Promise<void> {
  const { storage } = ctx.config;
  await ctx.logs.local?.sweep(ctx.now());
  const keep = storage.kind === 'local' ? storage.max_age : 90 * 24 * HOUR;
  for (;;) {
    const gone = await ctx.store.forget(ctx.now() - keep, 500);
    for (const id of gone) await ctx.blobs.remove(id.replace(':', '/'));
    if (gone.length === 0) return;
  }
}
