import { expect, it } from 'vitest';
import { actingUnder } from '../../src/core/acting.ts';
import { LostLeaseError } from '../../src/core/lease.ts';
import { createMaestroClient } from '../../src/maestro/client.ts';
import { openMaestro } from '../../src/reporting/destinations/maestro.ts';
import { startMaestroSimulator } from '../../src/sim/maestro/server.ts';
import type { SentDelivery } from '../../src/store/index.ts';
import { someJob } from '../maestro/helpers.ts';
import { atEnd, testWorld } from '../support/world.ts';

function delivery(nodeId: string): SentDelivery {
  const child = { name: 'smoke', kind: 'test', path: ['smoke'], state: 'done', result: 'pass' };
  const body = {
    nodeId,
    end: { result: 'pass' },
    artifacts: {},
    kcidbIsOurs: true,
    withEvent: false,
    ours: [],
    empty: false,
    children: [{ node: child, child_nodes: [] }],
  };
  return {
    id: 1,
    jobId: `lava-lab:${nodeId}`,
    destination: 'maestro',
    kind: 'close',
    required: true,
    tries: 0,
    nextAt: 0,
    createdAt: 0,
    state: 'pending',
    receipt: null,
    error: null,
    doneAt: null,
    body,
  };
}

it('a node that was opened again for its children is ended, even if its job is another daemon’s by then', async () => {
  const { daemon } = await testWorld();
  const sim = await startMaestroSimulator({ runtimes: ['lava-lab'] });
  atEnd(() => sim.stop());
  const { id } = someJob(sim);
  const client = createMaestroClient({ url: sim.url, token: sim.token, timeoutMs: 10_000 });
  let isLost = false;
  const destination = openMaestro({
    ...daemon.context,
    instanceId: 'one',
    maestro: {
      ...client,
      async putHierarchy(...args) {
        const answer = await client.putHierarchy(...args);
        isLost = true;
        return answer;
      },
    },
  });
  if ('off' in destination) throw new Error(destination.off);
  const check = (): void => {
    if (isLost) throw new LostLeaseError('destination maestro');
  };

  await expect(actingUnder(check, () => destination.send(delivery(id)))).rejects.toMatchObject({
    code: 'lost_lease',
  });

  expect(sim.node(id)).toMatchObject({ state: 'done', result: 'pass' });
  expect(sim.database.children(id)).toHaveLength(1);
});
