import { describe, expect, it } from 'vitest';
import { ownCluster, PLACES } from '../support/places.ts';
import { testWorld } from '../support/world.ts';

/** The configuration of an empty database. */
async function place(): Promise<{ store: { postgres: string } }> {
  return { store: { postgres: await (await ownCluster()).database() } };
}

describe.runIf('PostgreSQL' in PLACES)('the daemon on PostgreSQL', () => {
  it('takes a job the whole way, and has its logs in the database', async () => {
    const world = await testWorld({ config: await place() });
    const node = world.publish();

    await world.ended(node);

    expect(world.maestro.database.get(node)).toMatchObject({ state: 'done', result: 'pass' });
    const id = `lava-demo:${node}`;
    const log = await world.http(`/api/v1/jobs/${encodeURIComponent(id)}/log`);
    expect(log.status).toBe(200);
    expect(log.text).not.toBe('');
    expect(world.log.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
  });
});
