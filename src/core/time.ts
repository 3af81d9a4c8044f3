// Time as the bridge handles it: milliseconds since the epoch inside, RFC 3339 in UTC outside.
import { outsideWait } from './outside-wait.ts';

/** Durations in milliseconds. */
export const SECOND = 1000;
/** Milliseconds. */
export const MINUTE = 60 * SECOND;
/** Milliseconds. */
export const HOUR = 60 * MINUTE;
/** Milliseconds. */
export const DAY = 24 * HOUR;

/** Where "now" comes from (milliseconds since the epoch); tests bring their own. */
export type Clock = () => number;

/** `2026-08-21T15:20:01.123Z` for milliseconds since the epoch. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

const STAMP = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * Reads the time stamps of LAVA and Maestro: with `T` or a space, with or without fraction and zone. One without a
 * zone is UTC (both servers store UTC and print it naive). Returns milliseconds since the epoch, or undefined for
 * anything else, LAVA's word `None` among it.
 */
export function parseTime(text: string | null | undefined): number | undefined {
  const m = text === null || text === undefined ? null : STAMP.exec(text.trim());
  if (!m) return undefined;
  const [, day, time, fraction = '', zone = 'Z'] = m;
  const millis = fraction.padEnd(3, '0').slice(0, 3);
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const ms = Date.parse(`${day}T${time}.${millis}${offset}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `1h 02m`, `3m 05s`, `4.2s`: a duration in milliseconds, for people. */
export function formatDuration(ms: number): string {
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)}s`;
  const s = Math.round(ms / SECOND);
  const pad = (n: number): string => String(n).padStart(2, '0');
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
  return `${Math.floor(s / 3600)}h ${pad(Math.floor((s % 3600) / 60))}m`;
}

/** Waits; ends early (without an error) when the signal fires. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  await outsideWait(wait);
}

/** Fulfilled when the signal fires. */
export function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Back-off: `base` doubled per try, at most `max` (ms), spread by ±20 % so that many do not come back at once. */
export function backoff(
  tries: number,
  base: number,
  max: number,
  random: () => number = Math.random,
): number {
  const plain = Math.min(max, base * 2 ** Math.min(tries, 30));
  return Math.round(plain * (0.8 + 0.4 * random()));
}

/** The day of a moment (ms), UTC: `2026-08-21`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
