// Small servers that stand in for other systems: they answer as the test says, and go when the test ends.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { atEnd } from './at-end.ts';

interface Place {
  /** Left out: 127.0.0.1. */
  host?: string;
  /** Left out, or 0: a free one. */
  port?: number;
}

/** Starts an HTTP server; gives its address without a slash at its end. */
export async function listen(answer: RequestListener, place: Place & ServerOptions = {}): Promise<string> {
  return listenWith(createServer(place, answer), place);
}

/** As listen, for a server that the test made itself. */
export async function listenWith(server: Server, place: Place = {}): Promise<string> {
  atEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  return urlOf(server, place);
}

/** Starts a server that speaks no HTTP of its own; gives its address as that of an HTTP server. */
export async function listenRaw(answer: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    answer(socket);
  });
  atEnd(async () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return urlOf(server, {});
}

async function urlOf(server: TcpServer, { host = '127.0.0.1', port = 0 }: Place): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return `http://${host}:${address.port}`;
}
