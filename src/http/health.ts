// `/healthz`: alive. `/readyz`: can do its work. Both on every address, and neither says more than that and why not.
import type { FastifyInstance } from 'fastify';
import { sharedAnswer } from '../core/shared-answer.ts';
import { SECOND, sleep } from '../core/time.ts';
import type { HttpPorts } from './ports.ts';
import { partView } from './overview.ts';

interface Options {
  ctx: HttpPorts;
  alive: () => boolean;
  ready: Readiness;
}

/** The store is tried by a write to the disk, and strangers may ask as often as they like: so it is one for all, for so long (ms). */
const PROBE_AGE = SECOND;

/** A store that takes longer is not there for anybody who waits (ms). */
const PROBE_WITHIN = 5 * SECOND;

/** What keeps the bridge from its work; empty if nothing does. */
export type Readiness = () => Promise<string[]>;

export function createReadiness({ ctx, alive }: Pick<Options, 'ctx' | 'alive'>): Readiness {
  const probe = sharedAnswer(() => probed(ctx), PROBE_AGE, ctx.now);
  return async () => {
    const store = await probe();
    return [
      ...(store === undefined ? [] : [`store: ${store}`]),
      ...ctx.storeHealth.problems(),
      ...(alive() ? [] : ['the jobs do not move']),
    ];
  };
}

/** Why the store takes no write; undefined: it does. */
async function probed({ store, storeHealth }: HttpPorts): Promise<string | undefined> {
  const over = new AbortController();
  const tooLong = sleep(PROBE_WITHIN, over.signal).then(() => `no answer within ${PROBE_WITHIN / SECOND} s`);
  const probe = store.probe().then(() => undefined, storeHealth.explain);
  try {
    return await Promise.race([probe, tooLong]);
  } finally {
    over.abort();
  }
}

export function addHealth(app: FastifyInstance, { ctx, alive, ready }: Options): void {
  app.get('/healthz', async (_request, reply) => {
    const well = alive();
    return reply.code(well ? 200 : 503).send({ status: well ? 'ok' : 'the jobs do not move' });
  });

  // A lab or destination that is away is no fault of ours: its jobs wait. It is named, and the answer is still yes.
  app.get('/readyz', async (_request, reply) => {
    const [problems, parts] = await Promise.all([ready(), ctx.parts()]);
    const named = (kind: string): Record<string, string> =>
      Object.fromEntries(parts.filter((p) => p.kind === kind).map(({ name, status }) => [name, status]));
    return reply.code(problems.length === 0 ? 200 : 503).send({
      status: problems.length === 0 ? 'ready' : 'not ready',
      problems,
      labs: named('lab'),
      destinations: named('destination'),
      parts: parts.map((part) => partView(part, ctx.now())),
    });
  });
}
