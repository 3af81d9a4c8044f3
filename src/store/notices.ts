// What daemons on one database tell each other, by PostgreSQL's LISTEN and NOTIFY: what changed, and that work is free. Nothing
// depends on it: each looks by itself as well, only later.
import pg from 'pg';
import { z } from 'zod';
import { driverUrl } from '../config/postgres-url.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { backoff, MINUTE, SECOND, sleep } from '../core/time.ts';
import type { News } from './feed.ts';
import { setSession, settingsFor } from './postgres-session.ts';

/** As it is told.  */
const Told = z.object({
  /** The process that tells it. */
  from: z.string(),
  jobs: z.union([z.literal('all'), z.array(z.string())]).exactOptional(),
  drains: z.literal(true).exactOptional(),
  deliveries: z.literal(true).exactOptional(),
  work: z.literal(true).exactOptional(),
});
export interface Notice extends News {
  /** A process came or left, or gave work up. */
  work?: true;
}

/** Tells the other daemons, and hears them. */
export interface Notices {
  /** Gathered for a moment; what cannot be told is left. */
  tell: (notice: Notice) => void;
  /** Tells what is gathered, and hears nothing more. */
  close: () => Promise<void>;
}

const CHANNEL = 'lava_bridge';
/** So long what is to be told is gathered (ms): a busy daemon tells it a few times a second, and not for each change. */
const GATHER = 50;
/** PostgreSQL takes no more than 8,000 bytes at once. */
const MOST_BYTES = 7500;
/** Whether a connection on which nothing is heard still lives: so often it is asked, and so long an answer may take (ms). */
const ASK_EVERY = 30 * SECOND;
const ANSWER_WITHIN = 10 * SECOND;
const SETTINGS = settingsFor({ connections: 1, statementMs: ANSWER_WITHIN });
/** What may have been missed while nothing was heard. */
const EVERYTHING: Notice = { jobs: 'all', drains: true, deliveries: true, work: true };

interface Options {
  url: string;
  /** This process. */
  from: string;
  /** Sends a text to all that listen on a channel. */
  notify: (channel: string, text: string) => Promise<unknown>;
  /** Another daemon told this. */
  onNotice: (notice: Notice) => void;
  /** In place of ASK_EVERY and ANSWER_WITHIN. */
  asking?: { every: number; within: number };
}

/** Listens on a connection of its own, which is made again whenever it breaks. */
export function openNotices(options: Options): Notices {
  const { url, from, notify, onNotice, asking = { every: ASK_EVERY, within: ANSWER_WITHIN } } = options;
  const closing = new AbortController();
  let gathered: Notice | undefined;
  let sending: NodeJS.Timeout | undefined;

  function take(text: string): void {
    const { data } = Told.safeParse(tryJson(text, PARSE_LIMITS.answer));
    if (data !== undefined && data.from !== from) onNotice(data);
  }

  /** Fulfilled when the connection has ended; throws if it gives no answer. */
  async function listenOnce(): Promise<void> {
    const client = new pg.Client({
      connectionString: driverUrl(url),
      connectionTimeoutMillis: asking.within,
      query_timeout: asking.within,
      keepAlive: true,
      application_name: 'lava-bridge',
    });
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, closing.signal]);
    client.on('error', () => over.abort());
    client.on('end', () => over.abort());
    client.on('notification', ({ payload = '' }) => take(payload));
    try {
      await client.connect();
      await setSession(client, SETTINGS);
      await client.query(`LISTEN ${CHANNEL}`);
      if (!signal.aborted) onNotice(EVERYTHING);
      for (; !signal.aborted; await sleep(asking.every, signal)) await client.query('SELECT 1');
    } finally {
      // Nothing waits for the farewell of one that may be mute.
      client.end().catch(() => undefined);
    }
  }

  async function listen(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures++) {
      const began = performance.now();
      // That the database is away is said by all that needs it.
      await listenOnce().catch(() => undefined);
      if (performance.now() - began > MINUTE) failures = 0;
      await sleep(backoff(failures, SECOND / 2, 10 * SECOND), closing.signal);
    }
  }

  async function send(): Promise<void> {
    sending = undefined;
    if (gathered === undefined) return;
    const notice = { from, ...gathered };
    gathered = undefined;
    const text = JSON.stringify(notice);
    const fits = Buffer.byteLength(text) <= MOST_BYTES;
    await notify(CHANNEL, fits ? text : JSON.stringify({ ...notice, jobs: 'all' })).catch(() => undefined);
  }

  void listen();
  return {
    tell(notice) {
      gathered = merge(gathered ?? {}, notice);
      sending ??= setTimeout(() => void send(), GATHER);
    },
    async close() {
      clearTimeout(sending);
      closing.abort();
      await send();
    },
  };
}

/** Both as one. */
function merge(one: Notice, other: Notice): Notice {
  const all = one.jobs === 'all' || other.jobs === 'all';
  const ids = all ? [] : [...new Set([one, other].flatMap(({ jobs = [] }) => (jobs === 'all' ? [] : jobs)))];
  return { ...one, ...other, ...(all ? { jobs: 'all' as const } : ids.length > 0 ? { jobs: ids } : {}) };
}
