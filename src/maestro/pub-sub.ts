// Maestro's pub/sub (kernelci-api api/main.py, July 2026): a subscription, asked for one message at a time. It is a hint that
// comes soon, and no more: subscriptions vanish, and what is missed beyond their memory is missed. Events are polled as before.
import { z } from 'zod';
import { PermanentError, TemporaryError } from '../core/errors.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { backoff, MINUTE, SECOND, sleep } from '../core/time.ts';
import { callMaestro, type MaestroAccess } from './answers.ts';

/** What an event says of a node. */
const NodeNews = z.looseObject({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  data: z.looseObject({ runtime: z.string().nullish() }).nullish(),
});
export type NodeNews = z.infer<typeof NodeNews>;

/** The calls of pub/sub; each throws as callMaestro does. */
export interface PubSub {
  /** Subscribes to everybody's events of nodes; gives the subscription. `name`: by it Maestro keeps what is missed for a while. */
  subscribe: (name: string, signal: AbortSignal) => Promise<number>;
  /** Waits for one message; undefined: it was a sign of life, or nothing that concerns a node. `maestro_not_found`: it is lost. */
  listen: (subscription: number, signal: AbortSignal) => Promise<NodeNews | undefined>;
  unsubscribe: (subscription: number, signal: AbortSignal) => Promise<void>;
}

/** Maestro gives a sign of life every 45 s (ms). */
const SILENT_AFTER = 90 * SECOND;

const Subscribed = z.looseObject({ id: z.number().int() });
const Message = z.looseObject({ data: z.string() }).nullable();
const CloudEvent = z.looseObject({ data: NodeNews });

export function createPubSub(access: MaestroAccess): PubSub {
  return {
    subscribe: async (name, signal) => {
      const query = { promisc: 'true', subscriber_id: name };
      const path = '/subscribe/node';
      const answer = await callMaestro(access, { method: 'POST', path, query, signal });
      const subscribed = Subscribed.safeParse(answer);
      if (subscribed.success) return subscribed.data.id;
      throw new TemporaryError('maestro_odd_answer', 'Maestro’s answer is not a subscription');
    },
    listen: async (subscription, signal) => {
      // A long poll is no call whose time says anything.
      const patient = { ...access, timeoutMs: SILENT_AFTER, onCall: undefined };
      const answer = await callMaestro(patient, { path: `/listen/${subscription}`, signal });
      const message = Message.safeParse(answer);
      if (!message.success) return undefined;
      // Maestro's own trouble with its Redis: not to be asked again at once.
      if (message.data === null) throw new TemporaryError('maestro_busy', 'Maestro could not listen');
      return CloudEvent.safeParse(tryJson(message.data.data, PARSE_LIMITS.maestroPage)).data?.data;
    },
    unsubscribe: async (subscription, signal) => {
      await callMaestro(access, { method: 'POST', path: `/unsubscribe/${subscription}`, signal });
    },
  };
}

export interface FollowOptions {
  pubSub: PubSub;
  /** Of the subscription, the same over restarts. */
  name: string;
  /** Something happened to a node; undefined: it may have, unheard. */
  onNews: (news: NodeNews | undefined) => void;
  /** It is heard, or not any more and why; comes when that changes. */
  onState: (failure: unknown) => void;
}

/** Failures in a row after which it is said that nothing is heard, and another subscription is tried. */
const PATIENCE = 3;
const LONGEST_PAUSE = 10 * MINUTE;
/** Stopping waits no longer for the subscription's end (ms). */
const FAREWELL = SECOND;

/** Listens until the signal fires. Does not throw. */
export async function followNodes(
  { pubSub, name, onNews, onState }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  let subscription: number | undefined;
  let failures = 0;
  let isHeard: boolean | undefined;

  function say(failure: unknown): void {
    const now = failure === undefined;
    if (isHeard !== now) onState(failure);
    isHeard = now;
  }

  while (!signal.aborted) {
    const had = subscription;
    try {
      if (subscription === undefined) {
        subscription = await pubSub.subscribe(name, signal);
        onNews(undefined);
        if (failures === 0) say(undefined);
      }
      const news = await pubSub.listen(subscription, signal);
      failures = 0;
      say(undefined);
      if (news !== undefined) onNews(news);
    } catch (error) {
      if (signal.aborted) break;
      const isLost =
        had !== undefined && error instanceof PermanentError && error.code === 'maestro_not_found';
      failures += isLost ? 0 : 1;
      if (isLost || failures >= PATIENCE) subscription = undefined;
      if (failures >= PATIENCE || (!isLost && error instanceof PermanentError)) say(error);
      await sleep(isLost ? SECOND : backoff(failures - 1, SECOND, LONGEST_PAUSE), signal);
    }
  }
  if (subscription !== undefined)
    await pubSub.unsubscribe(subscription, AbortSignal.timeout(FAREWELL)).catch(() => undefined);
}
