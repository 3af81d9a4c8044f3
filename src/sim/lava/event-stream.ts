// The event stream of the simulated lab. LAVA 2023.01 sends every event to everybody; newer ones let everybody in, then refuse
// whom they do not know, and show private jobs to their submitters alone.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { AgeFacts } from './age.ts';
import { isoTime } from './python.ts';
import type { SimUser } from './model.ts';
import type { Switches } from './switches.ts';

const TOPIC = 'org.lavasoftware';

export interface EventStream {
  /** Takes over a connection that asked for `/ws/`. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  emit: (topic: string, user: string, data: Record<string, unknown>, only?: string) => void;
  /** How many are connected. */
  count: () => number;
  /** Cuts all connections. */
  cut: () => void;
  stop: () => void;
}

export function createEventStream(age: AgeFacts, switches: Switches, users: readonly SimUser[]): EventStream {
  // Pings are answered by hand, so that a dead stream can leave it.
  const server = new WebSocketServer({ noServer: true, autoPong: false, perMessageDeflate: false });
  const timers = new Set<NodeJS.Timeout>();

  const listeners = new Map<WebSocket, string | undefined>();

  server.on('connection', (socket, request) => {
    socket.on('error', () => socket.terminate());
    socket.on('close', () => listeners.delete(socket));
    const user = age.eventsKnowUsers ? userOf(users, request.headers.authorization) : undefined;
    if (user !== undefined && 'error' in user) {
      socket.send(JSON.stringify(user));
      return socket.close();
    }
    listeners.set(socket, user?.name);
    socket.on('ping', (data) => {
      if (switches.events !== 'dead') socket.pong(data);
    });
  });

  function send(frame: string, only: string | undefined): void {
    for (const [socket, user] of listeners) {
      if (age.eventsKnowUsers && only !== undefined && only !== user) continue;
      socket.send(frame);
      if (switches.events === 'double') socket.send(frame);
    }
  }

  function emit(topic: string, user: string, data: Record<string, unknown>, only?: string): void {
    if (switches.events === 'mute' || switches.events === 'dead') return;
    const frame = JSON.stringify([
      `${TOPIC}.${topic}`,
      randomUUID(),
      isoTime(age, Date.now()),
      user,
      JSON.stringify(data),
    ]);
    if (switches.eventDelayMs === 0) return send(frame, only);
    const timer = setTimeout(() => {
      timers.delete(timer);
      send(frame, only);
    }, switches.eventDelayMs);
    timers.add(timer);
  }

  function cut(): void {
    for (const socket of server.clients) socket.terminate();
  }

  return {
    upgrade: (request, socket, head) => {
      if (switches.events === 'refuse' || !request.url?.startsWith('/ws/')) {
        socket.destroy();
        return;
      }
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request));
    },
    emit,
    count: () => server.clients.size,
    cut,
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      cut();
      server.close();
    },
  };
}

/** Who has connected; undefined without credentials. Its words are LAVA's. */
function userOf(
  users: readonly SimUser[],
  header: string | undefined,
): SimUser | { error: string } | undefined {
  if (header === undefined) return undefined;
  const [scheme, encoded = ''] = header.split(' ');
  if (scheme !== 'Basic') return { error: 'Only Basic authentication is supported' };
  const plain = Buffer.from(encoded, 'base64').toString();
  return users.find(({ name, token }) => plain === `${name}:${token}`) ?? { error: 'Unknown user' };
}
