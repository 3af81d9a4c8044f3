// `/ws`: announces to the status pages what changed, so that they look again: what the store says that it stored, gathered for
// a moment, and what came or went. A message is `{"jobs": [ids], "drains": true, "deliveries": true, "systems": true}`, of which
// only what changed is there; `"jobs": "all"` if these are too many to be named.
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { WebSocketServer, type WebSocket } from 'ws';
import { SECOND } from '../core/time.ts';
import type { HttpPorts } from './ports.ts';
import type { Access } from './auth.ts';
import type { News } from '../store/index.ts';
import type { HostCheck } from './hosts.ts';

interface Options {
  ctx: Pick<HttpPorts, 'labs' | 'parts'> & { store: Pick<HttpPorts['store'], 'onChange'> };
  isOwnHost: HostCheck;
  mayRead: Access['mayRead'];
}

/** The only path that a WebSocket is opened at. */
export const SOCKET_PATH = '/ws';

/** So long (ms) what changes is gathered before it is announced. */
const GATHER = 200;
const LOOK_EVERY = SECOND / 2;
const PING_EVERY = 30 * SECOND;
const MOST_READERS = 100;
/** More jobs than that are announced as if all had changed. */
const MOST_IDS = 200;
/** A reader who does not read is cut off. */
const MOST_UNREAD = 1024 * 1024;

/** What changed since it was last announced. */
interface Gathered {
  jobs: Set<string>;
  all: boolean;
  parts: { drains?: true; deliveries?: true; systems?: true };
}

/** Serves the socket next to the app's routes, until the app is closed. */
export function addLive(app: FastifyInstance, { ctx, isOwnHost, mayRead }: Options): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, autoPong: false });
  const answered = new WeakSet<WebSocket>();
  /** With what each reader came: they read for as long as that allows it. */
  const cameWith = new WeakMap<WebSocket, IncomingHttpHeaders>();
  let following: { stop: () => void } | undefined;
  let gathered: Gathered | undefined;

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
    return sockets.handleUpgrade(request, socket, head, (reader) => begin(reader, request.headers));
  });
  app.addHook('preClose', async () => {
    end();
    for (const reader of sockets.clients) reader.terminate();
  });

  function begin(reader: WebSocket, headers: IncomingHttpHeaders): void {
    answered.add(reader);
    cameWith.set(reader, headers);
    reader.on('pong', () => answered.add(reader));
    reader.on('ping', (data) => send(reader, () => reader.pong(data)));
    // The pages say nothing.
    reader.on('message', () => reader.terminate());
    reader.on('error', () => reader.terminate());
    reader.on('close', () => {
      if (sockets.clients.size === 0) end();
    });
    following ??= follow();
  }

  /** While there are readers. */
  function follow(): { stop: () => void } {
    let states: string | undefined;
    const look = async (): Promise<void> => {
      const now = await statesNow();
      if (states !== undefined && now !== states) gather({ systems: true });
      states = now;
    };
    const looking = setInterval(() => void look(), LOOK_EVERY);
    void look();
    const pinging = setInterval(ping, PING_EVERY);
    const unsubscribe = ctx.store.onChange(gather);
    return {
      stop() {
        clearInterval(looking);
        clearInterval(pinging);
        unsubscribe();
      },
    };
  }

  function end(): void {
    following?.stop();
    following = undefined;
  }

  function gather({ jobs, ...parts }: News & { systems?: true }): void {
    if (gathered === undefined) {
      gathered = { jobs: new Set(), all: false, parts: {} };
      setTimeout(announce, GATHER);
    }
    Object.assign(gathered.parts, parts);
    if (jobs === 'all' || gathered.jobs.size > MOST_IDS) gathered.all = true;
    else for (const id of jobs ?? []) gathered.jobs.add(id);
  }

  async function statesNow(): Promise<string> {
    const asked = [...ctx.labs.values()].map((lab) => lab.knownInventory()?.at);
    return JSON.stringify([asked, (await ctx.parts()).map(({ status, why }) => [status, why])]);
  }

  function announce(): void {
    if (gathered === undefined) return;
    const { jobs, all, parts } = gathered;
    gathered = undefined;
    const text = JSON.stringify({
      ...(all ? { jobs: 'all' } : jobs.size > 0 ? { jobs: [...jobs] } : {}),
      ...parts,
    });
    for (const reader of sockets.clients) send(reader, () => reader.send(text));
  }

  function send(reader: WebSocket, write: () => void): void {
    if (reader.bufferedAmount > MOST_UNREAD) reader.terminate();
    else write();
  }

  function ping(): void {
    for (const reader of sockets.clients) {
      if (!answered.delete(reader) || !mayRead(cameWith.get(reader) ?? {})) reader.terminate();
      else reader.ping();
    }
  }
}

/** Another site's script in a reader's browser learns nothing. */
function isOwn({ origin, host }: { origin?: string | undefined; host?: string | undefined }): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
