// A small HTTP proxy that spoils some of what passes: between LAVA and the daemon's callbacks, and between the daemon and
// LAVA. It counts what it saw and what became of it.
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorText } from '../../src/core/errors.ts';
import { SECOND, sleep } from '../../src/core/time.ts';

/** `drop`: it never arrives. `lose`: it arrives, and its answer does not. `fail`: answered 502, without arriving. */
export type Fate =
  { kind: 'pass' | 'drop' | 'lose' | 'fail' | 'double' | 'mute' } | { kind: 'delay'; ms: number };

export interface Proxy {
  url: string;
  /** What happens to a request; asked for each. */
  decide: (url: string) => Fate;
  /** Gets the body of each request. */
  watch: (body: string) => void;
  /** How many met which fate, and how the others were answered (`200`, `unreachable`). */
  counts: Map<string, number>;
  stop: () => Promise<void>;
}

/** Starts a proxy before servers that get the requests in turn; everything passes until `decide` is set. */
export async function startProxy(...targets: string[]): Promise<Proxy> {
  let turn = 0;
  const agent = new Agent({ keepAlive: true });
  const counts = new Map<string, number>();
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      count('unreachable');
      response.writeHead(502, { 'content-type': 'text/plain' }).end(errorText(error));
    });
  });

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await collect(incoming);
    proxy.watch(body.toString());
    const fate = proxy.decide(incoming.url ?? '/');
    if (fate.kind !== 'pass') count(fate.kind);
    switch (fate.kind) {
      case 'mute':
        return;
      case 'drop':
        incoming.socket.destroy();
        return;
      case 'fail':
        response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
        return;
      case 'lose':
        await forward(incoming, body);
        incoming.socket.destroy();
        return;
      case 'double':
        await forward(incoming, body);
        break;
      case 'delay':
        await sleep(fate.ms);
        break;
      case 'pass':
    }
    const answer = await forward(incoming, body);
    count(String(answer.status));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  async function forward(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    const { method, headers, url = '/' } = incoming;
    const outgoing = request(new URL(url, targets[turn++ % targets.length]), {
      method,
      headers,
      agent,
      timeout: LIMIT,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { connection: _c, 'transfer-encoding': _t, ...kept } = answer.headers;
    return { status: answer.statusCode ?? 502, headers: kept, body: await collect(answer) };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}`,
    decide: () => ({ kind: 'pass' }),
    watch: () => undefined,
    counts,
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

const LIMIT = 90 * SECOND;

async function collect(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
