// What the pages are looked at with: the demo's world with jobs of every kind, one whose names are hostile, and one with a
// log of 300,000 lines.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobRequest } from '../../src/maestro/request.ts';
import { createLogger } from '../../src/core/logger.ts';
import { DEMO_CASES } from '../../src/demo/cases.ts';
import { follow, publish } from '../../src/demo/run.ts';
import { DEMO_LAB, startWorld, type World } from '../../src/demo/world.ts';
import { htmlLog } from '../../src/lava/log-html.ts';
import { linesOf, logPagePath, logStyle, outlineOf, transformed } from '../../src/reporting/logs.ts';
import { Readable } from 'node:stream';

const CASES = [
  'all-passes',
  'arm64-passes',
  'a-case-fails',
  'all-kinds-of-cases',
  'panic-at-boot',
  'panic-in-a-test',
  'no-login',
  'dead-board',
  'unknown-board',
];
/** Scripts, markup, a right-to-left override, a zero byte, colours, and 20,000 characters. */
export const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe \u0000 \u001b[31mred\u001b[0m ${'שלום'.repeat(4)}${'x'.repeat(20_000)}`;
const LONG = 300_000;

export interface Looked {
  world: World;
  /** Ids of jobs by the demo's name. */
  ids: ReadonlyMap<string, string>;
  hostileId: string;
  /** Publishes one more job; gives its id. */
  more: (name: string, scenario?: string) => string;
  stop: () => Promise<void>;
}

export async function startLooked(): Promise<Looked> {
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-pages-'));
  const world = await startWorld({
    folder,
    log: createLogger('error', { write: (line) => process.stderr.write(line) }),
    poll: '200ms',
    delays: { claimSettle: 100, kcidbFirstLook: 100 },
  });
  const cases = DEMO_CASES.filter(({ name }) => CASES.includes(name));
  const nodes = publish(world, cases);
  await follow(world, cases, nodes, 5 * 60_000, () => undefined);
  const more = (name: string, scenario = 'pass'): string => {
    const [case_] = cases;
    if (case_ === undefined) throw new Error('no case');
    return `${DEMO_LAB}:${publish(world, [{ ...case_, name, scenario }]).get(name) ?? ''}`;
  };
  const hostileId = await storeHostile(world);
  const ids = new Map([...nodes].map(([name, node]) => [name, `${DEMO_LAB}:${node}`]));
  await world.daemon.context.store.drain(DEMO_LAB, 'qemu-arm64', 'its power supply is being replaced');
  await makeLong(world, ids.get('a-case-fails') ?? '');
  return {
    world,
    ids,
    hostileId,
    more,
    async stop() {
      await world.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A job in the store, rejected, with these words wherever the store takes some: no way in lets so much through. Gives its id. */
async function storeHostile({ daemon }: World): Promise<string> {
  const nodeId = 'badbadbadbadbadbadbadbad';
  const request = JobRequest.parse({
    node: { id: nodeId, kind: 'job', name: 'hostile', path: ['hostile'], state: 'done' },
  });
  const { job } = await daemon.context.store.receive(
    {
      lab: DEMO_LAB,
      nodeId,
      source: 'push',
      name: HOSTILE,
      board: HOSTILE,
      request,
      priority: 10,
      stage: 'received',
      ending: { kind: 'rejected', code: 'bad_node', reason: HOSTILE },
    },
    [{ kind: 'error', code: 'bad_node', text: HOSTILE }],
  );
  return job.id;
}

/** Gives a job that has ended a console of 300,000 lines, published as its own was. */
async function makeLong(world: World, id: string): Promise<void> {
  const { store, blobs, logs } = world.daemon.context;
  const [job, [attempt]] = [await store.job(id), await store.attempts(id)];
  if (job === undefined || attempt === undefined || attempt.log === null) throw new Error(`${id} has no log`);
  const own: string[] = [];
  for await (const batch of linesOf(attempt.log, { blobs })) {
    for (const { level, text } of batch) if (level === 'target' && text !== undefined) own.push(text);
  }
  function* lines(): Generator<string> {
    let part = '';
    const began = Date.UTC(2026, 7, 21, 15);
    for (let i = 0; i < LONG; i++) {
      const dt = new Date(began + i * 7).toISOString().slice(0, -1);
      const isFailure = i % 10_000 === 9_999;
      const msg = isFailure
        ? { definition: '0_long', case: `case-${i}`, result: 'fail' }
        : `[${(i * 0.007).toFixed(6).padStart(12)}] ${(own[i % own.length] ?? 'idle').replace(/^\[ *[\d.]+\] /, '')}`;
      part += `- ${JSON.stringify({ dt, lvl: isFailure ? 'results' : 'target', msg })
        .replaceAll('":', '": ')
        .replaceAll(',"', ', "')}\n`;
      if (part.length < 65_536) continue;
      yield part;
      part = '';
    }
    yield part;
  }
  await blobs.put(attempt.log, lines());
  const outline = await outlineOf(linesOf(attempt.log, { blobs }));
  const page = htmlLog({ title: job.name, style: logStyle(), outline, files: ['log.txt'] });
  const text = Readable.from(transformed(linesOf(attempt.log, { blobs }), page), { objectMode: false });
  await logs.local?.put(logPagePath(job, attempt), text, 'text/html; charset=utf-8');
}
