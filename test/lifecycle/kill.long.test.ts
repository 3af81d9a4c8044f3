import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openStore } from '../../src/store/index.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { sleep } from '../../src/core/time.ts';
import { childWorld } from '../support/child.ts';
import { LAB, until, type TestWorld } from '../support/world.ts';

const Job = z.object({
  stage: z.string(),
  done: z.boolean(),
  result: z.string().nullable(),
  attempts: z.array(z.object({ evidence: z.string().nullable() })),
});

async function jobOf(world: TestWorld, nodeId: string): Promise<z.infer<typeof Job> | undefined> {
  const { status, json } = await world.http(`/api/v1/jobs/${nodeId}`);
  return status === 200 ? Job.parse(json) : undefined;
}

function reported(world: TestWorld, nodeId: string, limit?: number): Promise<z.infer<typeof Job>> {
  const look = async (): Promise<z.infer<typeof Job> | undefined> => {
    const job = await jobOf(world, nodeId).catch(() => undefined);
    return job?.done ? job : undefined;
  };
  return until(`${nodeId} is reported`, look, limit);
}

describe('kill -9', () => {
  it('right after the 2xx of a callback loses nothing of it', { timeout: 300_000 }, async () => {
    const { world, daemon } = await childWorld({ lava: { age: 'newest' } }, { quick: true });
    await daemon.start();
    const nodeId = world.publish({ scenario: 'fail' });
    await until('the callback was accepted', () => (world.lava.callbacks.accepted > 0 ? true : undefined));
    await daemon.end('SIGKILL');

    const store = await openStore({ sqlite: `${world.folder}/state/lava-bridge.db` });
    const stored = await store.callbacks(`${LAB}:${nodeId}`);
    await store.close();
    expect(stored.map(({ state }) => state)).toEqual(['Finished']);

    await daemon.start();
    const job = await reported(world, nodeId, 30_000);
    expect(job).toMatchObject({ stage: 'reported', result: 'fail', attempts: [{ evidence: 'callback' }] });
    expect(world.lava.callbacks.sent).toBe(1);
  });

  it('again and again, at any moment, does no job twice and loses none', { timeout: 600_000 }, async () => {
    const { world, daemon } = await childWorld({ config: { report: { maestro: 'hierarchy' } } });
    const random = seededRandom(20260821);
    await daemon.start();
    const nodes = Array.from({ length: 12 }, (_, i) => world.publish({ name: `smoke-${i}` }));
    for (let kills = 0; kills < 8; kills++) {
      await sleep(200 + random() * 1200);
      await daemon.end('SIGKILL');
      await daemon.start();
    }
    for (const nodeId of nodes) {
      const job = await reported(world, nodeId, 90_000);
      expect(job).toMatchObject({ stage: 'reported', result: 'pass' });
    }

    const names = world.lava.jobs().map(({ definition }) => definition.job_name);
    expect(names).toHaveLength(nodes.length);
    for (const nodeId of nodes) {
      expect(names.filter((name) => name.includes(nodeId))).toHaveLength(1);
      expect(world.transitions(nodeId)).toEqual(['running→available', 'available→done']);
      const children = world.maestro.database.children(nodeId).map(({ name }) => name);
      expect(new Set(children).size).toBe(children.length);
      expect(children).toContain('setup');
    }
    const boots = world.kcidb.objects('tests').filter(({ path }) => path === 'boot');
    expect(boots).toHaveLength(nodes.length);
  });
});
