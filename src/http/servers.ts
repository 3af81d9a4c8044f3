// Which routes are served at which address: callbacks with logs, the API, and the pages each have their own, or share one.
import type { FastifyInstance } from 'fastify';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import type { Clock } from '../core/time.ts';
import type { BridgeConfig, LabConfig, Listen } from '../config/schema.ts';
import { resolveCallbackToken } from '../config/callback-token.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { HttpPorts } from './ports.ts';
import { createLiveLog } from '../lifecycle/live-log.ts';
import type { Outbox } from '../engine/outbox.ts';
import { addApi } from './api.ts';
import { addCallbacks, type CallbackLab } from './callbacks.ts';
import { createCounters } from './counters.ts';
import { addHealth } from './health.ts';
import { createHostCheck } from './hosts.ts';
import { addLive, SOCKET_PATH } from './live.ts';
import { addLogs } from './logs.ts';
import { addMetrics } from './metrics.ts';
import { createBoardsView } from './overview.ts';
import { addPages } from './pages/routes.ts';
import { closeApp, createApp, listen } from './server.ts';

export interface HttpServers {
  /** Starts to listen at all addresses and gives their URLs. Throws BridgeError `listen`. */
  start: () => Promise<string[]>;
  /** Takes no more connections, lets requests that came come to their answer for so long (ms), and cuts the rest. */
  stop: (graceMs: number) => Promise<void>;
}

interface Parts {
  ctx: HttpPorts;
  outbox: Pick<Outbox, 'states'>;
  alive: () => boolean;
  now: Clock;
  /** A socket that listens at http.listen already. */
  callbackSocket: number | undefined;
}

/** Makes the servers of the configuration. Throws if a secret can't be had. */
export function createServers(
  config: BridgeConfig,
  { ctx, outbox, alive, now, callbackSocket }: Parts,
): HttpServers {
  const { http, requests } = config;
  const { store, blobs, log, wake, callbackWatch } = ctx;
  const counters = createCounters();
  const isOwnHost = createHostCheck(config);
  const apps = new Map<string, { app: FastifyInstance; at: Listen }>();

  function appAt(at: Listen): FastifyInstance {
    const key = `${at.host}:${at.port}`;
    const known = apps.get(key);
    if (known) return known.app;
    const app = createApp({
      log,
      isOwnHost,
      socketPath: SOCKET_PATH,
      bodies: { ...PARSE_LIMITS.answer, length: requests.max_size, depth: requests.max_depth },
    });
    addHealth(app, { ctx, alive, outbox });
    apps.set(key, { app, at });
    return app;
  }

  const labs = new Map(config.labs.map((lab) => [lab.name, callbackLab(lab, ctx)]));
  addCallbacks(appAt(http.listen), { labs, store, blobs, counters, log, wake, now, callbackWatch });
  addLogs(appAt(http.listen), ctx.logs);
  const api = appAt(http.api_listen);
  const token = http.token === undefined ? undefined : resolveSecret(http.token);
  const boards = createBoardsView(ctx);
  const liveLog = createLiveLog(ctx);
  addApi(api, { ctx, counters, token, boards, liveLog });
  addMetrics(api, { ctx, counters, outbox });
  const pages = appAt(http.pages_listen);
  addPages(pages, { ctx, outbox, boards, liveLog });
  addLive(pages, { ctx, outbox, isOwnHost });

  return {
    async start() {
      const urls: string[] = [];
      for (const { app, at } of apps.values()) {
        const isForCallbacks = app === appAt(http.listen);
        urls.push(await listen(app, at, isForCallbacks ? callbackSocket : undefined));
      }
      // LAVA is asked before the first reader.
      for (const lab of ctx.labs.values()) lab.inventory().catch(() => undefined);
      return urls;
    },
    async stop(graceMs) {
      await Promise.all([...apps.values()].map(({ app }) => closeApp(app, graceMs)));
    },
  };
}

function callbackLab(lab: LabConfig, ctx: Pick<HttpPorts, 'labs'>): CallbackLab {
  return {
    name: lab.name,
    header: lab.callback.header.toLowerCase(),
    token: resolveCallbackToken(lab),
    tokenName: lab.callback.token_name,
    maxBody: lab.limits.max_callback,
    isEvidence: () => ctx.labs.get(lab.name)?.isKnownToHave('private callback token') !== false,
  };
}
