// Looks once a minute which conditions hold, and notifies of each when it begins and when it ends: once, also over restarts,
// and never of more than one message a minute, or of the same condition again within the hour.
import { z } from 'zod';
import type { Logger } from 'pino';
import { errorText } from '../core/errors.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { HOUR, MINUTE, sleep, type Clock } from '../core/time.ts';
import type { Store } from '../store/index.ts';
import type { Condition } from './conditions.ts';
import type { Message, Send } from './senders.ts';
import { settingKey } from '../store/settings.ts';

export interface NotifierOptions {
  instance: string;
  senders: ReadonlyMap<string, Send>;
  conditions: () => Promise<Condition[]>;
  store: Pick<Store, 'setting' | 'saveSetting'>;
  log: Logger;
  now: Clock;
  /** How often it looks (ms). */
  every?: number | undefined;
}

/** What each sender was given: by the condition's key its text, since when, and when it ended. */
const Given = z.record(z.string(), z.object({ text: z.string(), at: z.number(), over: z.boolean() }));
type Given = z.infer<typeof Given>;

/** Runs until the signal fires; nothing if there is no sender. */
export async function runNotifier(options: NotifierOptions, signal: AbortSignal): Promise<void> {
  const { senders, conditions, store, log, every = MINUTE } = options;
  const failing = new Set<string>();
  // Also here, so that a disk that takes nothing does not make it send the same every minute.
  const given = new Map<string, Given>();
  for (const name of senders.keys()) {
    given.set(name, parsed(await store.setting(settingKey('notified', name)).catch(() => undefined)));
  }
  while (senders.size > 0 && !signal.aborted) {
    try {
      const holding = await conditions();
      await Promise.all(
        [...senders].map(([name, send]) => notify(name, send, holding, { ...options, failing, given })),
      );
    } catch (error) {
      log.warn({ error: errorText(error) }, 'it is not known of what to notify');
    }
    await sleep(every, signal);
  }
}

interface Memory {
  /** Senders that failed the last time. */
  failing: Set<string>;
  given: Map<string, Given>;
}

async function notify(
  name: string,
  send: Send,
  holding: readonly Condition[],
  { store, log, now, instance, failing, given }: NotifierOptions & Memory,
): Promise<void> {
  const { began, ended, next } = compare(given.get(name) ?? {}, holding, now());
  if (began.length === 0 && ended.length === 0) return;
  try {
    await send(messageOf({ instance, began, ended }));
    failing.delete(name);
  } catch (error) {
    // It is tried again with the next look, with what holds then.
    if (!failing.has(name))
      log.warn({ by: name, error: errorText(error) }, 'a notification could not be sent');
    failing.add(name);
    return;
  }
  given.set(name, next);
  await store.saveSetting(settingKey('notified', name), JSON.stringify(next));
  log.info({ by: name, began: began.length, ended: ended.length }, 'a notification was sent');
}

/** What began, and what ended. */
interface Notification {
  instance: string;
  began: readonly string[];
  ended: readonly string[];
}

/** A notification as it is sent. */
export function messageOf({ instance, began, ended }: Notification): Message {
  const [first = ended[0] ?? ''] = began;
  const rest = began.length + ended.length - 1;
  const head = began.length > 0 ? '' : 'over: ';
  return {
    subject: `[${instance}] ${head}${first.slice(0, 120)}${rest > 0 ? ` (and ${rest} more)` : ''}`,
    text: [...began, ...ended.map((text) => `Over: ${text}`)].join('\n'),
    facts: { instance, began, ended },
  };
}

/** What there is to tell, and what is given then. A condition that comes and goes is reported once an hour. */
export function compare(
  given: Given,
  holding: readonly Condition[],
  now: number,
): { began: string[]; ended: string[]; next: Given } {
  const next: Given = {};
  const began: string[] = [];
  const ended: string[] = [];
  for (const { key, text } of holding) {
    const known = given[key];
    if (known !== undefined && (!known.over || now - known.at < HOUR)) next[key] = known;
    else {
      began.push(text);
      next[key] = { text, at: now, over: false };
    }
  }
  const held = new Set(holding.map(({ key }) => key));
  for (const [key, known] of Object.entries(given)) {
    if (held.has(key)) continue;
    if (!known.over) ended.push(known.text);
    if (now - known.at < HOUR) next[key] = { ...known, over: true };
  }
  return { began, ended, next };
}

function parsed(text: string | undefined): Given {
  if (text === undefined) return {};
  return Given.safeParse(tryJson(text, PARSE_LIMITS.answer)).data ?? {};
}
