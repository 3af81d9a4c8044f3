// What daemons that share a database are to have the same, as short hashes: they can say in which keys they differ, and none of them
// shows the others what it has there.
import { createHash } from 'node:crypto';
import { byName, isPlain } from './changes.ts';
import type { BridgeConfig } from './schema.ts';
import { secretsOf } from './secrets-of.ts';

/** By key (`kcidb.url`, `labs.lava-mylab.limits`), or by the name of a folder: a hash of what stands there. */
export type Marks = Readonly<Record<string, string>>;

/** What each machine has of its own. Of folders and files the content may have to be the same, the place need not be. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'log_level',
  'store',
  'http.listen',
  'http.api_listen',
  'http.pages_listen',
  'http.public_url',
  'http.hosts',
  'http.tls',
  'http.proxies',
  'labs.*.callback.url',
  'storage.path',
  'kcidb.pubsub.credentials',
  'device_types',
  'plans',
  'job_templates',
]);

/** Marks of the configuration, without its secrets and without what each machine has of its own. */
export function configMarks(config: BridgeConfig): Marks {
  const secrets = new Set(secretsOf(config).map(([, source]) => JSON.stringify(source)));
  const isSecret = (value: unknown): boolean => secrets.has(JSON.stringify(value));
  const texts = new Map<string, string[]>();
  for (const [path, value] of leavesOf(byName(config), [], isSecret)) {
    const isLab = path[0] === 'labs';
    if (path.some((_, i) => OWN_KEYS.has(keyAt(path.slice(0, i + 1))))) continue;
    const key = path.slice(0, isLab ? 3 : 2).join('.');
    const text = JSON.stringify(value, (_key, part: unknown) => (isSecret(part) ? undefined : part));
    texts.set(key, [...(texts.get(key) ?? []), `${path.join('.')}: ${text}`]);
  }
  return Object.fromEntries([...texts].map(([key, lines]) => [key, markOf(lines.toSorted())]));
}

/** The mark of texts in their order. */
export function markOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 12);
}

/** The keys whose marks differ, sorted; `labs.NAME` where only one of the two has the lab. */
export function differingKeys(a: Marks, b: Marks): string[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]);
  const [labsOfA, labsOfB] = [labsIn(a), labsIn(b)];
  const named = keys.map((key) => {
    const lab = labOf(key);
    return lab !== undefined && labsOfA.has(lab) !== labsOfB.has(lab) ? lab : key;
  });
  return [...new Set(named)].toSorted();
}

/** `labs.NAME`; names have dots, too, the key behind them has none. */
const labOf = (key: string): string | undefined => /^(labs\..+)\.\w+$/.exec(key)?.[1];
const labsIn = (marks: Marks): Set<string | undefined> => new Set(Object.keys(marks).map(labOf));
const keyAt = ([first = '', lab = '', ...rest]: readonly string[]): string =>
  first === 'labs' && rest.length > 0
    ? ['labs', '*', ...rest].join('.')
    : [first, lab].filter(Boolean).join('.');

/** All values but secrets, each with the keys that lead to it. */
function leavesOf(
  value: unknown,
  path: readonly string[],
  isSecret: (value: unknown) => boolean,
): [string[], unknown][] {
  if (value === undefined || isSecret(value)) return [];
  if (!isPlain(value)) return [[[...path], value]];
  return Object.entries(value).flatMap(([key, part]) => leavesOf(part, [...path, key], isSecret));
}
