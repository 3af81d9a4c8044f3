// The event stream of the simulated lab: every event to everybody who is connected, as LAVA's publisher does for public things.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { AgeFacts } from './age.ts';
import { isoTime } from './python.ts';
import type { Switches } from './switches.ts';

const TOPIC = 'org.lavasoftware';

export interface EventStream {
  /** Takes over a connection that asked for `/ws/`. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  emit: (topic: string, user: string, data: Record<string, unknown>) => void;
  /** How many are connected. */
  count: () => number;
  /** Cuts all connections. */
  cut: () => void;
  stop: () => void;
}

export function createEventStream(age: AgeFacts, switches: Switches): EventStream {
  // Pings are answered by hand, so that a dead stream can leave it.
  const server = new WebSocketServer({ noServer: true, autoPong: false, perMessageDeflate: false });
  const timers = new Set<NodeJS.Timeout>();

  server.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('ping', (data) => {
      if (switches.events !== 'dead') socket.pong(data);
    });
  });

  function send(frame: string): void {
    for (const socket of server.clients) {
      socket.send(frame);
      if (switches.events === 'double') socket.send(frame);
    }
  }

  function emit(topic: string, user: string, data: Record<string, unknown>): void {
    if (switches.events === 'mute' || switches.events === 'dead') return;
    const frame = JSON.stringify([
      `${TOPIC}.${topic}`,
      randomUUID(),
      isoTime(age, Date.now()),
      user,
      JSON.stringify(data),
    ]);
    if (switches.eventDelayMs === 0) return send(frame);
    const timer = setTimeout(() => {
      timers.delete(timer);
      send(frame);
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
