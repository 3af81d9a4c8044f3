// Sends the report of the last week, or day, when a new one begins: once, also over restarts.
import type { Logger } from 'pino';
import type { BridgeConfig } from '../config/schema.ts';
import { errorText } from '../core/errors.ts';
import { DAY, MINUTE, sleep, type Clock } from '../core/time.ts';
import { readSummary, summaryText } from '../reporting/summary.ts';
import type { Reader, Store } from '../store/index.ts';
import { settingKey } from '../store/settings.ts';
import type { Send } from './senders.ts';

/** What a report is made for. */
type Period = Exclude<BridgeConfig['notify']['summary'], 'off'>;

interface Options {
  config: Pick<BridgeConfig, 'instance' | 'notify'>;
  senders: ReadonlyMap<string, Send>;
  reader: Pick<Reader, 'totals' | 'issues'>;
  store: Pick<Store, 'setting' | 'saveSetting'>;
  log: Logger;
  now: Clock;
  /** How often it looks whether one is due (ms). */
  every?: number | undefined;
}

/** At this hour, by the machine's clock: what ran in the night is in it, and people come to work. */
const HOUR_OF_DAY = 6;
const DAYS: Record<Period, number> = { day: 1, week: 7 };

/** Runs until the signal fires; nothing if there is no sender, or none is wanted. */
export async function sendSummaries(options: Options, signal: AbortSignal): Promise<void> {
  const { senders, config, log, every = MINUTE } = options;
  const { summary: period } = config.notify;
  if (period === 'off' || senders.size === 0) return;
  // What failed is said once, and tried again with each look.
  const failing = new Set<string>();
  while (!signal.aborted) {
    for (const [name, send] of senders) {
      try {
        await sendIfDue(name, send, period, options);
        failing.delete(name);
      } catch (error) {
        if (!failing.has(name))
          log.warn({ by: name, error: errorText(error) }, `the report of the ${period} could not be sent`);
        failing.add(name);
      }
    }
    await sleep(every, signal);
  }
}

async function sendIfDue(
  name: string,
  send: Send,
  period: Period,
  { config, reader, store, log, now }: Options,
): Promise<void> {
  const key = settingKey('summarised', name);
  const last = await store.setting(key);
  // The first one comes when a whole period has been seen to begin.
  if (last === undefined) return store.saveSetting(key, String(now()));
  const due = lastDue(now(), period);
  if (Number(last) >= due) return;
  const { instance } = config;
  // Whole days, and the last one is yesterday.
  const summary = await readSummary(reader, { since: due - DAYS[period] * DAY, now: due - DAY });
  const jobs = `${summary.jobs} ${summary.jobs === 1 ? 'job' : 'jobs'}`;
  await send({
    subject: `[${instance}] ${summary.since} to ${summary.until}: ${jobs}`,
    text: summaryText(summary),
    facts: { instance, summary },
  });
  await store.saveSetting(key, String(now()));
  log.info({ by: name, since: summary.since, until: summary.until }, `the report of the ${period} was sent`);
}

/** When a report was due last: this morning, or that of Monday (ms). */
export function lastDue(now: number, period: Period): number {
  const at = new Date(now);
  if (at.getHours() < HOUR_OF_DAY) at.setDate(at.getDate() - 1);
  // Sunday is 0.
  if (period === 'week') at.setDate(at.getDate() - ((at.getDay() + 6) % 7));
  return at.setHours(HOUR_OF_DAY, 0, 0, 0);
}
