// Pub/sub of the simulated Maestro (kernelci-api api/pubsub_mongo.py, July 2026): subscriptions that are asked for one message
// at a time, with what a name missed, signs of life, and vanishing as when the API is started again.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { userOf, type SimUser } from './access.ts';
import type { Database, SimEvent } from './database.ts';
import { ApiError } from './model.ts';

interface Subscription {
  id: number;
  user: string;
  channel: string;
  promiscuous: boolean;
  name: string | undefined;
  queue: Message[];
  /** The last event that was handed out; whoever listens again has taken it. */
  given: number | undefined;
  /** Whoever waits for the next message; undefined: nobody does. */
  waiting: { take: (message: Message) => void; hangUp: () => void } | undefined;
}

interface Message {
  /** undefined: a sign of life. */
  sequence: number | undefined;
  text: string;
}

/** What of pub/sub a test can do and look at. */
export interface PubSubControl {
  /** All subscriptions vanish, as when the API is started again. */
  loseSubscriptions: () => void;
  /** How many there are. */
  subscriptions: () => number;
}

interface Options {
  database: Database;
  users: SimUser[];
  /** How often listeners get a sign of life (ms). */
  beepMs: number;
}

/** A name that was away for longer gets that many events. */
const CATCH_UP = 1000;

const SubscribeQuery = z.object({
  promisc: z.enum(['true', 'false']).default('false'),
  subscriber_id: z.string().optional(),
});

/** Adds `POST /subscribe/CHANNEL`, `GET /listen/ID` and `POST /unsubscribe/ID`. */
export function addPubSub(app: FastifyInstance, { database, users, beepMs }: Options): PubSubControl {
  const subscriptions = new Map<number, Subscription>();
  /** By name: whose it is, and the last event that was taken. */
  const cursors = new Map<string, { user: string; sequence: number }>();
  let last = 0;

  const beeping = setInterval(() => {
    for (const one of subscriptions.values()) give(one, { sequence: undefined, text: cloudEvent('BEEP') });
  }, beepMs);
  beeping.unref();
  app.addHook('onClose', async () => clearInterval(beeping));
  database.onEvent((event) => {
    for (const one of subscriptions.values()) if (isFor(one, event)) give(one, messageOf(event));
  });

  /** 404: unknown or lost; 500: somebody else's. */
  function own(request: FastifyRequest): Subscription {
    const { username } = userOf(request, users);
    const { id } = z.object({ id: z.coerce.number().int() }).parse(request.params);
    const found = subscriptions.get(id);
    if (found === undefined) throw new ApiError(404, `Subscription id not found: ${id}`);
    if (found.user !== username) throw new ApiError(500, 'Internal server error, check container logs');
    return found;
  }

  app.post('/subscribe/:channel', async (request) => {
    const { username: user } = userOf(request, users);
    const { channel } = z.object({ channel: z.string() }).parse(request.params);
    const { promisc, subscriber_id: name } = SubscribeQuery.parse(request.query);
    const promiscuous = promisc === 'true';
    const who = { id: ++last, user, channel, promiscuous, name };
    const one: Subscription = { ...who, queue: [], given: undefined, waiting: undefined };
    const known = name === undefined ? undefined : cursors.get(name);
    if (known !== undefined && known.user !== user)
      throw new ApiError(500, 'Internal server error, check container logs');
    if (known !== undefined) {
      const missed = database.events.filter((e) => e.sequence_id > known.sequence && isFor(one, e));
      one.queue.push(...missed.slice(0, CATCH_UP).map(messageOf));
    } else if (name !== undefined) {
      cursors.set(name, { user, sequence: database.events.length });
    }
    subscriptions.set(one.id, one);
    return { id: one.id, channel, user, promiscuous };
  });

  app.get('/listen/:id', async (request) => {
    const one = own(request);
    const cursor = one.name === undefined ? undefined : cursors.get(one.name);
    if (cursor !== undefined) cursor.sequence = Math.max(cursor.sequence, one.given ?? 0);
    const { text, sequence } = await next(one, request);
    one.given = sequence ?? one.given;
    return { type: 'message', pattern: null, channel: one.channel, data: text };
  });

  app.post('/unsubscribe/:id', async (request) => {
    subscriptions.delete(own(request).id);
    return {};
  });

  return {
    loseSubscriptions() {
      for (const { waiting } of subscriptions.values()) waiting?.hangUp();
      subscriptions.clear();
    },
    subscriptions: () => subscriptions.size,
  };
}

/** Only what is one's own, or everything; the owner is the node's. */
function isFor({ channel, user, promiscuous }: Subscription, event: SimEvent): boolean {
  return event.channel === channel && (promiscuous || event.owner === null || event.owner === user);
}

function give(one: Subscription, message: Message): void {
  const { waiting } = one;
  one.waiting = undefined;
  if (waiting === undefined) one.queue.push(message);
  else waiting.take(message);
}

function next(one: Subscription, request: FastifyRequest): Promise<Message> {
  const first = one.queue.shift();
  if (first !== undefined) return Promise.resolve(first);
  return new Promise((resolve) => {
    const { socket } = request.raw;
    const mine = { take: resolve, hangUp: () => socket.destroy() };
    one.waiting = mine;
    // Whoever hung up gets nothing more.
    socket.once('close', () => {
      if (one.waiting === mine) one.waiting = undefined;
    });
  });
}

function messageOf({ data, owner, sequence_id: sequence }: SimEvent): Message {
  return { sequence, text: cloudEvent(data, { owner, _sequence_id: sequence }) };
}

/** Text in text, as Maestro sends it. */
function cloudEvent(data: unknown, more: object = {}): string {
  return JSON.stringify({
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: 'https://api.kernelci.org/',
    type: 'api.kernelci.org',
    time: new Date().toISOString(),
    data,
    ...more,
  });
}
