// `/healthz`: alive. `/readyz`: can do its work. Both on every address, and neither says more than that and why not.
import type { FastifyInstance } from 'fastify';
import { errorText } from '../core/errors.ts';
import type { HttpPorts } from './ports.ts';
import type { Outbox } from '../engine/outbox.ts';

interface Options {
  ctx: HttpPorts;
  alive: () => boolean;
  outbox: Pick<Outbox, 'states'>;
}

export function addHealth(app: FastifyInstance, { ctx, alive, outbox }: Options): void {
  app.get('/healthz', async (_request, reply) => {
    const well = alive();
    return reply.code(well ? 200 : 503).send({ status: well ? 'ok' : 'the jobs do not move' });
  });

  // A lab or destination that is away is no fault of ours: its jobs wait. It is named, and the answer is still yes.
  app.get('/readyz', async (_request, reply) => {
    const store = await ctx.store.probe().then(
      () => undefined,
      (error: unknown) => errorText(error),
    );
    const problems = [
      ...(store === undefined ? [] : [`store: ${store}`]),
      ...(alive() ? [] : ['the jobs do not move']),
    ];
    return reply.code(problems.length === 0 ? 200 : 503).send({
      status: problems.length === 0 ? 'ready' : 'not ready',
      problems,
      labs: Object.fromEntries([...ctx.labs.values()].map((lab) => [lab.name, lab.state().status])),
      destinations: Object.fromEntries([...outbox.states()].map(([name, s]) => [name, s.status])),
    });
  });
}
