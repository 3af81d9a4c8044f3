// `/metrics`, in Prometheus' text format: what is counted where it happens, and what is read from the store and from what
// is known of the parts outside in the moment in which it is asked for.
import type { FastifyInstance } from 'fastify';
import { programVersion } from '../core/version.ts';
import type { HttpPorts } from './ports.ts';
import type { OutboxStates } from '../engine/outbox.ts';
import { suppliesOf } from './overview.ts';

interface Options {
  ctx: HttpPorts;
  outbox: OutboxStates;
  /** Whether the bridge can do its work. */
  ready: () => Promise<boolean>;
}

const STATES = ['up', 'down', 'unknown'] as const;

export function addMetrics(app: FastifyInstance, options: Options): void {
  const { metrics } = options.ctx;
  metrics.set('lava_bridge_build_info', [[{ version: programVersion(), node: process.version }, 1]]);
  app.get('/metrics', async (_request, reply) => {
    await Promise.all([parts(options), jobs(options), deliveries(options), devices(options), disk(options)]);
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}

async function parts({ ctx, ready }: Options): Promise<void> {
  const { metrics } = ctx;
  const known = await ctx.parts();
  metrics.set(
    'lava_bridge_part_state',
    known.flatMap(({ kind: part, name, status }) =>
      STATES.map((state) => [{ part, name, state }, status === state ? 1 : 0] as const),
    ),
  );
  metrics.set(
    'lava_bridge_part_answered_timestamp_seconds',
    known.flatMap(({ kind: part, name, answeredAt }) =>
      answeredAt === undefined ? [] : [[{ part, name }, answeredAt / 1000] as const],
    ),
  );
  const daemons = ctx.daemons();
  metrics.set('lava_bridge_daemons', [[{}, Math.max(1, daemons.length)]]);
  metrics.set('lava_bridge_daemons_different', [
    [{}, daemons.filter(({ differs }) => differs.length > 0).length],
  ]);
  metrics.set(
    'lava_bridge_work_held',
    daemons.flatMap(({ isOwn, holds }) => (isOwn ? holds.map((work) => [{ work }, 1] as const) : [])),
  );
  metrics.set('lava_bridge_ready', [[{}, (await ready()) ? 1 : 0]]);
}

async function jobs({ ctx }: Options): Promise<void> {
  const { metrics, store, now } = ctx;
  const [counts, oldest] = await Promise.all([store.openCounts(), store.oldestOpen()]);
  metrics.set(
    'lava_bridge_open_jobs',
    counts.map(({ lab, board, stage, count }) => [{ lab, board, stage }, count]),
  );
  const ages = new Map<string, readonly [{ lab: string; stage: string }, number]>();
  for (const { lab, stage, receivedAt } of oldest) {
    const age = Math.max(0, now() - receivedAt) / 1000;
    const known = ages.get(`${lab} ${stage}`);
    if (known === undefined || known[1] < age) ages.set(`${lab} ${stage}`, [{ lab, stage }, age]);
  }
  metrics.set('lava_bridge_open_job_age_seconds', ages.values());
}

async function deliveries({ ctx, outbox }: Options): Promise<void> {
  const { metrics, store, now } = ctx;
  const counts = await store.deliveryCounts();
  metrics.set(
    'lava_bridge_deliveries',
    [...outbox.states().keys()]
      // From the first look on, so that what never happened is 0 and not missing.
      .flatMap((destination) =>
        (['pending', 'parked'] as const).map((state) => ({ destination, state, count: 0 })),
      )
      .concat(counts.map((c) => ({ ...c, state: c.state as 'pending' | 'parked' })))
      .map(({ destination, state, count }) => [{ destination, state }, count]),
  );
  const ages: [{ destination: string }, number][] = [];
  for (const destination of outbox.states().keys()) {
    const oldest = await store.oldestDelivery(destination);
    ages.push([{ destination }, oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1000]);
  }
  metrics.set('lava_bridge_delivery_age_seconds', ages);
}

async function devices({ ctx }: Options): Promise<void> {
  const { metrics, store } = ctx;
  const drains = await store.drains();
  metrics.set(
    'lava_bridge_devices',
    suppliesOf(ctx, drains).flatMap(({ lab, supplies }) =>
      supplies.flatMap(({ board, devices: found }) => {
        if (found === undefined || found.total === 0) return [];
        const { online, free: idle, queued } = found;
        return Object.entries({ online, idle, queued }).flatMap(([what, n]) =>
          n === null ? [] : [[{ lab: lab.name, board: board.name, what }, n] as const],
        );
      }),
    ),
  );
  metrics.set(
    'lava_bridge_drained',
    drains.map(({ lab, board, device }) => [{ lab, board, device }, 1]),
  );
}

async function disk({ ctx }: Options): Promise<void> {
  const { metrics, storeHealth } = ctx;
  const [used, disks, setAside] = await Promise.all([
    storeHealth.used(),
    ctx.disks(),
    storeHealth.setAside(),
  ]);
  metrics.set('lava_bridge_stores_set_aside', [[{}, setAside.length]]);
  if (used !== undefined) metrics.set('lava_bridge_store_bytes', [[{}, used]]);
  metrics.set(
    'lava_bridge_disk_free_bytes',
    disks.map(({ folders, free }) => [{ folders }, free]),
  );
  metrics.set(
    'lava_bridge_disk_size_bytes',
    disks.map(({ folders, size }) => [{ folders }, size]),
  );
}
