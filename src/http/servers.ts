// Which routes are served at which address: callbacks with logs, the API, and the pages each have their own, or share one.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import type { Clock } from '../core/time.ts';
import type { HttpConfig, Listen } from '../config/http-schema.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import { resolveCallbackToken } from '../config/callback-token.ts';
import type { HttpPorts } from './ports.ts';
import { createLiveLog } from '../lifecycle/live-log.ts';
import type { OutboxStates } from '../engine/outbox.ts';
import { addApi } from './api.ts';
import { createAccess, type Access, createGuards, openToReaders } from './auth.ts';
import { addCallbacks, type CallbackLab } from './callbacks.ts';
import { createCounters } from './counters.ts';
import { addHealth, createReadiness } from './health.ts';
import { createHostCheck } from './hosts.ts';
import { addLive, SOCKET_PATH } from './live.ts';
import { addLogs } from './logs.ts';
import { addFileIntake, addFiles } from './own-files.ts';
import { addMetrics } from './metrics.ts';
import { addOverview } from './overview-routes.ts';
import { createBoardsView } from './overview.ts';
import { addPages } from './pages/routes.ts';
import { createSessions } from './pages/sessions.ts';
import { closeApp, createApp, listen } from './server.ts';
import { readTls, useTls } from './tls.ts';

export interface HttpServers {
  /** Starts to listen at all addresses and gives their URLs. Throws BridgeError `listen`. */
  start: () => Promise<string[]>;
  /** Reads tokens and certificates again; what it gives makes them count. Throws BridgeError if they cannot be had. */
  readAgain: (fresh: BridgeConfig) => () => void;
  /** Takes no more connections, lets requests that came come to their answer for so long (ms), and cuts the rest. */
  stop: (graceMs: number) => Promise<void>;
}

interface Parts {
  ctx: HttpPorts;
  outbox: OutboxStates;
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
  const counters = createCounters(ctx.metrics);
  const ready = createReadiness({ ctx, alive });
  const isOwnHost = createHostCheck(config);
  const access = createAccess(http);
  const tls = readTls(http);
  const sessions = createSessions(access, now);
  const mayRead: Access['mayRead'] = (headers) =>
    access.mayRead(headers) || sessions.userOf({ headers }) !== undefined;
  const guards = createGuards({ ...access, mayRead }, counters);
  const apps = new Map<string, { app: FastifyInstance; at: Listen }>();

  function appAt(at: Listen): FastifyInstance {
    const key = keyOf(at);
    const known = apps.get(key);
    if (known) return known.app;
    const app = createApp({
      log,
      isOwnHost,
      socketPath: SOCKET_PATH,
      proxies: http.proxies,
      tls: ADDRESSES.some((name) => keyOf(http[name]) === key && http.tls?.on.includes(name))
        ? tls
        : undefined,
      bodies: { ...PARSE_LIMITS.answer, length: requests.max_size, depth: requests.max_depth },
    });
    app.addHook('onRequest', guards.read);
    addHealth(app, { ctx, alive, ready });
    apps.set(key, { app, at });
    return app;
  }

  const labs = new Map(config.labs.map((lab) => [lab.name, callbackLab(lab, ctx)]));
  addCallbacks(appAt(http.listen), { labs, store, blobs, counters, log, wake, now, callbackWatch });
  addLogs(appAt(http.listen), ctx.logs);
  addFiles(appAt(http.listen), ctx.files);
  const api = appAt(http.api_listen);
  const boards = createBoardsView(ctx);
  const liveLog = createLiveLog(ctx);
  addApi(api, { ctx, counters, guards, boards, liveLog });
  addFileIntake(api, ctx.files, guards);
  addOverview(api, { ctx });
  addMetrics(api, { ctx, outbox, ready: async () => (await ready()).length === 0 });
  const pages = appAt(http.pages_listen);
  addPages(pages, { ctx, boards, liveLog, sessions });
  addLive(pages, { ctx, isOwnHost, mayRead });

  return {
    async start() {
      const urls: string[] = [];
      for (const { app, at } of apps.values()) {
        const isForCallbacks = app === appAt(http.listen);
        urls.push(await listen(app, at, isForCallbacks ? callbackSocket : undefined));
      }
      warnOfReaders(http, log);
      // LAVA is asked before the first reader.
      for (const lab of ctx.labs.values()) lab.inventory().catch(() => undefined);
      return urls;
    },
    readAgain(fresh) {
      const takeTokens = access.prepare(fresh.http);
      const files = readTls(fresh.http);
      return () => {
        takeTokens();
        if (files !== undefined) for (const { app } of apps.values()) useTls(app, files);
      };
    },
    async stop(graceMs) {
      await Promise.all([...apps.values()].map(({ app }) => closeApp(app, graceMs)));
    },
  };
}

const keyOf = ({ host, port }: Listen): string => `${host}:${port}`;
const ADDRESSES = ['listen', 'api_listen', 'pages_listen'] as const;

/** The journal says where whoever reaches an address can read all jobs and logs. */
function warnOfReaders(http: HttpConfig, log: Logger): void {
  for (const key of openToReaders(http)) {
    log.warn(
      { listen: `${http[key].host}:${http[key].port}` },
      `everybody who reaches http.${key} can read jobs and logs; set http.reading: token, or put a proxy that asks for a password before it`,
    );
  }
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
