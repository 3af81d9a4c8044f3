// What differs between the configuration that the daemon works with and one that was read again: what of it can count at once,
// and what counts from the next start.
import { isDeepStrictEqual } from 'node:util';
import type { BridgeConfig } from './schema.ts';

/** Keys whose changes count at once, and those of each lab; all others need a restart. docs/configuration.md has the same list. */
const LIVE_KEYS = ['log_level', 'http.token', 'http.tokens', 'http.reading', 'http.tls', 'retention'];
const LIVE_LAB_KEYS = [
  'limits.max_jobs',
  'limits.max_queued_per_device',
  'limits.queue_timeout',
  'retries',
  'supersede',
  'drain_failing',
];

/** Keys that changed, `labs.lava-mylab.limits.max_jobs`. */
export interface ConfigChanges {
  live: string[];
  afterRestart: string[];
}

/** The keys that differ. Labs are compared by their names. */
export function changesOf(running: BridgeConfig, fresh: BridgeConfig): ConfigChanges {
  const all = differences(byName(running), byName(fresh), []);
  const isLive = ([first, lab, ...key]: readonly string[]): boolean =>
    first === 'labs'
      ? LIVE_LAB_KEYS.some((live) => begins(key, live))
      : LIVE_KEYS.some((live) => begins([first ?? '', lab ?? '', ...key], live));
  return {
    live: all.filter(isLive).map((path) => path.join('.')),
    afterRestart: all.filter((path) => !isLive(path)).map((path) => path.join('.')),
  };
}

/** Takes over what can count at once into the configuration that the parts read. */
export function takeOver(running: BridgeConfig, fresh: BridgeConfig): void {
  for (const key of LIVE_KEYS) copy(running, fresh, key.split('.'));
  for (const lab of running.labs) {
    const next = fresh.labs.find(({ name }) => name === lab.name);
    for (const key of LIVE_LAB_KEYS) copy(lab, next, key.split('.'));
  }
}

/** Copies the value that `path` leads to. Who holds the object around it sees the new one. */
function copy(to: unknown, from: unknown, [key, ...rest]: readonly string[]): void {
  if (key === undefined || !isPlain(to) || !isPlain(from)) return;
  if (rest.length > 0) copy(to[key], from[key], rest);
  else if (isPlain(to[key]) && isPlain(from[key])) Object.assign(to[key], from[key]);
  else to[key] = from[key];
}

/** The same with its labs by their names. */
export function byName({ labs, ...rest }: BridgeConfig): object {
  return { ...rest, labs: Object.fromEntries(labs.map((lab) => [lab.name, lab])) };
}

function differences(a: unknown, b: unknown, path: readonly string[]): string[][] {
  if (isDeepStrictEqual(a, b)) return [];
  if (!isPlain(a) || !isPlain(b)) return [[...path]];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(a[key], b[key], [...path, key]));
}

/** Whether it is an object with keys, and no list. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function begins(path: readonly string[], key: string): boolean {
  return key.split('.').every((part, i) => part === path[i]);
}
