// Servers that are there and say nothing: an event stream that has gone mute, and a black hole.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';

/** A server that has nothing to say. */
interface Silent {
  url: string;
  stop: () => Promise<void>;
}

/** An event stream that lives, answers pings, and says nothing. */
export async function muteStream(): Promise<Silent> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  return {
    url: urlOf(server.address()),
    stop: async () => {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port that takes connections and never says a word. */
export async function silentPort(): Promise<Silent> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: urlOf(server.address()),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function urlOf(address: AddressInfo | string | null): string {
  if (typeof address === 'string' || address === null) throw new Error('no port');
  return `ws://127.0.0.1:${address.port}/ws/`;
}
