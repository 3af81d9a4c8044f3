// What differs between the configuration that the daemon works with and one that was read again: what of it can count at once,
// and what counts from the next start.
import { isDeepStrictEqual } from 'node:util';
import type { BridgeConfig } from './schema.ts';

/** Keys whose changes count at once; `*` is any lab. All others need a restart. docs/configuration.md has the same list. */
const LIVE_KEYS = [
  'log_level',
  'http.token',
  'http.tokens',
  'http.reading',
  'http.tls',
  'labs.*.limits.max_jobs',
  'labs.*.limits.max_queued_per_device',
  'labs.*.limits.queue_timeout',
  'labs.*.retries',
] as const;

/** Keys that changed, `labs.lava-mylab.limits.max_jobs`. */
export interface ConfigChanges {
  live: string[];
  afterRestart: string[];
}

/** The keys that differ. Labs are compared by their names. */
export function changesOf(running: BridgeConfig, fresh: BridgeConfig): ConfigChanges {
  const all = differences(byName(running), byName(fresh), []);
  const isLive = (path: readonly string[]): boolean => LIVE_KEYS.some((key) => begins(path, key.split('.')));
  return {
    live: all.filter(isLive).map((path) => path.join('.')),
    afterRestart: all.filter((path) => !isLive(path)).map((path) => path.join('.')),
  };
}

/** Takes over what can count at once into the configuration that the parts read. */
export function takeOver(running: BridgeConfig, fresh: BridgeConfig): void {
  running.log_level = fresh.log_level;
  for (const lab of running.labs) {
    const next = fresh.labs.find(({ name }) => name === lab.name);
    if (next === undefined) continue;
    const { max_jobs, max_queued_per_device, queue_timeout } = next.limits;
    Object.assign(lab.limits, { max_jobs, max_queued_per_device, queue_timeout });
    Object.assign(lab.retries, next.retries);
  }
  const { token, tokens, reading, tls } = fresh.http;
  Object.assign(running.http, { token, tokens, reading, tls });
}

function byName({ labs, ...rest }: BridgeConfig): object {
  return { ...rest, labs: Object.fromEntries(labs.map((lab) => [lab.name, lab])) };
}

function differences(a: unknown, b: unknown, path: readonly string[]): string[][] {
  if (isDeepStrictEqual(a, b)) return [];
  if (!isPlain(a) || !isPlain(b)) return [[...path]];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(a[key], b[key], [...path, key]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function begins(path: readonly string[], key: readonly string[]): boolean {
  return key.every((part, i) => part === '*' || part === path[i]);
}
