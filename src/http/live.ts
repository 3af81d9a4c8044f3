// `/ws`: announces to the status pages what changed, so that they look again. Without readers the store is not read. A message is
// `{"jobs": [ids]}`, or `{}` if only a lab or a destination came or went.
import type { FastifyInstance } from 'fastify';
import { WebSocketServer, type WebSocket } from 'ws';
import { errorText } from '../core/errors.ts';
import { SECOND } from '../core/time.ts';
import type { HttpPorts } from './ports.ts';
import type { Outbox } from '../engine/outbox.ts';
import type { Access } from './auth.ts';
import type { HostCheck } from './hosts.ts';

interface Options {
  ctx: Pick<HttpPorts, 'store' | 'labs' | 'now' | 'log'>;
  outbox: Pick<Outbox, 'states'>;
  isOwnHost: HostCheck;
  mayRead: Access['mayRead'];
}

/** The only path that a WebSocket is opened at. */
export const SOCKET_PATH = '/ws';

/** The store counts its commits, so that to look costs nothing while nothing is stored. */
const LOOK_EVERY = SECOND / 4;
const PING_EVERY = 30 * SECOND;
const MOST_READERS = 100;
/** More changes than that are announced as if all had changed. */
const MOST_IDS = 200;
/** A reader who does not read is cut off. */
const MOST_UNREAD = 1024 * 1024;

/** Serves the socket next to the app's routes, until the app is closed. */
export function addLive(app: FastifyInstance, { ctx, outbox, isOwnHost, mayRead }: Options): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, autoPong: false });
  const answered = new WeakSet<WebSocket>();
  let looking: NodeJS.Timeout | undefined;
  let pinging: NodeJS.Timeout | undefined;
  let seen = 0;
  let states = '';
  let counted = 0;

  app.server.on('upgrade', (request, socket, head) => {
    const path = request.url?.split('?')[0];
    const refusal =
      path !== SOCKET_PATH
        ? '404 Not Found'
        : !isOwnHost(request.headers.host)
          ? '421 Misdirected Request'
          : !isOwn(request.headers)
            ? '403 Forbidden'
            : !mayRead(request.headers)
              ? '401 Unauthorized'
              : sockets.clients.size >= MOST_READERS
                ? '503 Service Unavailable'
                : undefined;
    if (refusal !== undefined) return socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`);
    return sockets.handleUpgrade(request, socket, head, begin);
  });
  app.addHook('preClose', async () => {
    end();
    for (const reader of sockets.clients) reader.terminate();
  });

  function begin(reader: WebSocket): void {
    answered.add(reader);
    reader.on('pong', () => answered.add(reader));
    reader.on('ping', (data) => send(reader, () => reader.pong(data)));
    // The pages say nothing.
    reader.on('message', () => reader.terminate());
    reader.on('error', () => reader.terminate());
    reader.on('close', () => {
      if (sockets.clients.size === 0) end();
    });
    if (looking !== undefined) return;
    seen = ctx.now();
    states = statesNow();
    looking = setInterval(() => void look(), LOOK_EVERY);
    pinging = setInterval(ping, PING_EVERY);
  }

  function end(): void {
    clearInterval(looking);
    clearInterval(pinging);
    looking = undefined;
    pinging = undefined;
  }

  async function look(): Promise<void> {
    const from = seen;
    const at = ctx.now();
    const commits = ctx.store.commits();
    const changed = statesNow() !== states;
    if (!changed && commits === counted) return;
    try {
      // What is written in the same millisecond as the last look is announced twice rather than missed.
      const jobs = await ctx.store.changedAfter(from - 1, MOST_IDS);
      seen = at;
      states = statesNow();
      counted = commits;
      // Drains, deliveries and devices are no job's change: they may concern any page.
      announce(jobs.length === MOST_IDS || jobs.length === 0 ? {} : { jobs });
    } catch (error) {
      ctx.log.debug({ error: errorText(error) }, 'the pages get no changes');
    }
  }

  function statesNow(): string {
    const labs = [...ctx.labs.values()].map((lab) => lab.state().status);
    const asked = [...ctx.labs.values()].map((lab) => lab.knownInventory()?.at);
    return JSON.stringify([labs, asked, [...outbox.states().values()].map((state) => state.status)]);
  }

  function announce(news: object): void {
    const text = JSON.stringify(news);
    for (const reader of sockets.clients) send(reader, () => reader.send(text));
  }

  function send(reader: WebSocket, write: () => void): void {
    if (reader.bufferedAmount > MOST_UNREAD) reader.terminate();
    else write();
  }

  function ping(): void {
    for (const reader of sockets.clients) {
      if (!answered.delete(reader)) reader.terminate();
      else reader.ping();
    }
  }
}

/** Another site's script in a reader's browser learns nothing. */
function isOwn({ origin, host }: { origin?: string | undefined; host?: string | undefined }): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
