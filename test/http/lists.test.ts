import { describe, expect, it } from 'vitest';
import { Summary, summaryText } from '../../src/reporting/summary.ts';
import { JobList, Overview } from '../../src/http/shapes.ts';
import { LAB, testWorld, type TestWorld } from '../support/world.ts';

async function list(world: TestWorld, query: string): Promise<string[]> {
  const { json } = await world.http(`/api/v1/jobs?${query}`);
  return JobList.parse(json).jobs.map(({ node_id }) => node_id);
}

describe('what the API shows of jobs that ended', () => {
  it('is filtered, paged, a table, an overview and a report', async () => {
    const world = await testWorld();
    world.fly();
    const passed = world.publish({ name: 'a,b' });
    await world.ended(passed);
    const failed = world.publish({ scenario: 'mixed' });
    await world.ended(failed);
    const row = await world.job(failed);

    expect(await list(world, 'result=pass')).toEqual([passed]);
    expect(await list(world, `layer=${row?.layer ?? ''}&board=qemu-x86_64`)).toEqual([failed]);
    expect(await list(world, `lava_id=${row?.lavaId ?? 0}`)).toEqual([failed]);
    expect((await world.http('/api/v1/jobs?layer=moon')).status).toBe(400);

    const first = JobList.parse((await world.http('/api/v1/jobs?limit=1')).json);
    expect(first.jobs.map(({ node_id }) => node_id)).toEqual([failed]);
    const rest = JobList.parse((await world.http(`/api/v1/jobs?limit=1&after=${first.next ?? ''}`)).json);
    expect([rest.jobs[0]?.node_id, rest.next]).toEqual([passed, null]);

    const csv = (await world.http('/api/v1/jobs?format=csv')).text.split('\r\n');
    expect(csv[0]).toMatch(/^id,lab,node_id,/);
    expect(csv[2]).toContain('"a,b"');

    const overview = Overview.parse((await world.http('/api/v1/overview')).json);
    expect(overview.labs).toMatchObject([{ name: LAB }]);
    expect(overview.last_day.reduce((n, hour) => n + hour.jobs, 0)).toBe(2);

    const summary = Summary.parse((await world.http('/api/v1/summary?days=2')).json);
    expect(summary).toMatchObject({ jobs: 2, results: { pass: 1 } });
    expect(summaryText(summary)).toMatch(/^Jobs: 2 /m);
  });
});
