// What the bridge itself added: the seconds from LAVA's word to KCIDB and from the request to LAVA, and what it asked
// of LAVA, as the relays saw it.
import type { Job } from './bridge.ts';
import { finishedCallback, ORIGIN, RUNTIME, type World } from './world.ts';

export interface Delays {
  name: string;
  lavaId: number | undefined;
  /** Seconds from the request's arrival here to LAVA's answer to the submission. */
  toLava: number | undefined;
  /** Seconds from LAVA's callback (sent before LAVA commits the end) to KCIDB's acceptance of the report. */
  toKcidb: number | undefined;
}

/** `waited`: the request was held back on purpose before it went to LAVA. */
export function delaysOf(world: World, name: string, job: Job, { waited }: { waited: boolean }): Delays {
  const attempt = job.attempts[0];
  const lavaId = attempt?.lava_id ?? undefined;
  const submitted = attempt?.submitted ?? undefined;
  const finishedAt = world.relays.bridge.passed.find((p) => finishedCallback(p)?.lavaId === lavaId)?.askedAt;
  const test = `"${ORIGIN}:${RUNTIME}-${lavaId}-boot"`;
  const acceptedAt = world.relays.kcidb.passed.find(
    (p) => p.path === '/submit' && p.status === 200 && p.body.includes(test),
  )?.answeredAt;
  return {
    name,
    lavaId,
    toLava:
      waited || submitted === undefined
        ? undefined
        : seconds(Date.parse(job.received), Date.parse(submitted)),
    toKcidb: lavaId === undefined ? undefined : seconds(finishedAt, acceptedAt),
  };
}

function seconds(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : (to - from) / 1000;
}

/** The figures as lines of text. */
export function tellFigures(world: World, all: readonly Delays[]): string[] {
  const jobs = all.filter(({ lavaId }) => lavaId !== undefined);
  if (jobs.length === 0) return [];
  const shown = (value: number | undefined): string =>
    (value === undefined ? '-' : value.toFixed(2)).padStart(8);
  const row = (name: string, id: string, a: number | undefined, b: number | undefined): string =>
    `  ${name.padEnd(20)} ${id.padStart(8)} ${shown(a)} ${shown(b)}`;
  const columns = [jobs.flatMap((j) => j.toLava ?? []), jobs.flatMap((j) => j.toKcidb ?? [])] as const;
  return [
    'Seconds that the bridge added: request seen to LAVA submitted; LAVA finished to KCIDB accepted',
    ...jobs.map((j) => row(j.name, String(j.lavaId), j.toLava, j.toKcidb)),
    row('median', '', median(columns[0]), median(columns[1])),
    row('maximum', '', Math.max(...columns[0]), Math.max(...columns[1])),
    requestsToLava(world, jobs.length),
  ];
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function requestsToLava({ relays }: World, jobs: number): string {
  const calls = relays.lava.passed.filter((p) => p.path.startsWith('/RPC2'));
  const counts = new Map<string, number>();
  for (const { body } of calls) {
    const name = methodsOf(body.toString());
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const parts = [...counts].toSorted((a, b) => b[1] - a[1]).map(([name, n]) => `${n} ${name}`);
  const failed = calls.filter((p) => p.status !== 200).length;
  return `XML-RPC requests: ${calls.length} (${failed} failed) for ${jobs} LAVA jobs, ${(calls.length / jobs).toFixed(1)} each (${parts.join(', ')})`;
}

/** The method of a call; for several calls in one request, all of theirs. */
function methodsOf(body: string): string {
  const [, method = '?'] = /<methodName>([\w.]+)</.exec(body) ?? [];
  if (method !== 'system.multicall') return method;
  const inner = body.matchAll(/<name>methodName<\/name>\s*<value>(?:<string>)?([\w.]+)</g);
  return [...new Set([...inner].map(([, name]) => name))].join('+');
}
