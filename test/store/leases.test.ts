// Several daemons on one database: who counts as alive, who holds what, and that nothing is stored by whoever no longer does.
import pg from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/core/lease.ts';
import { openStore, type LeaseStore, type Store } from '../../src/store/index.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { hasPostgres, startCluster, type Cluster } from '../support/postgres.ts';
import { SMOKE_REQUEST } from '../support/smoke-request.ts';

let cluster: Cluster | undefined;
afterAll(() => cluster?.stop());

const NO_TESTS = { bootPath: 'boot' as const, roots: [], helpers: [] };
const FACTS = { host: 'here', pid: 1, version: '0.1.0', names: ['lab a', 'lab b'] };

it('holds for ever where one daemon has the store alone', async () => {
  const store = await openStore({ sqlite: ':memory:' });
  const leased = store.under({ name: 'lab a', holder: '', fence: 0 });

  await leased.saveSetting('cursor x', '1');

  expect(store.leases).toBeUndefined();
  expect(await store.setting('cursor x')).toBe('1');
  await store.close();
});

describe.runIf(hasPostgres())('processes on one database', () => {
  let client: pg.Client;
  let stores: Store[];
  let one: Store;
  let two: Store;

  beforeEach(async () => {
    const url = await (cluster ??= await startCluster()).database();
    stores = [await openStore({ postgres: url }), await openStore({ postgres: url })];
    [one, two] = stores as [Store, Store];
    await leasesOf(one).enter(FACTS);
    await leasesOf(two).enter(FACTS);
    client = new pg.Client({ connectionString: url });
    await client.connect();
  });

  afterEach(async () => {
    await client.end();
    for (const store of stores) await store.close();
  });

  function leasesOf({ leases }: Store): LeaseStore {
    if (leases === undefined) throw new Error('this database is not shared');
    return leases;
  }

  async function taken(store: Store, name: string): Promise<Lease> {
    const lease = await leasesOf(store).take(name);
    if (lease === undefined) throw new Error(`${name} is held`);
    return lease;
  }

  /** As if the process had not renewed itself for so long (ms); the others have been there all the time. */
  async function silent(store: Store, ms: number): Promise<void> {
    await client.query('UPDATE processes SET in_time_since = in_time_since - 3600000');
    await client.query('UPDATE processes SET until = until - $1 WHERE id = $2', [
      ms,
      leasesOf(store).processId,
    ]);
  }

  async function newJob(store: Store, nodeId = '66c0ffee0000000000000003') {
    const request = JobRequest.parse(SMOKE_REQUEST);
    const job = { lab: 'a', nodeId, source: 'push', name: 'smoke', board: 'b', request } as const;
    return (await store.receive({ ...job, priority: 0, ending: null, stage: 'received' }, [])).job;
  }

  it('know each other, with what each can do', async () => {
    const { processes } = await leasesOf(one).sharedWork();

    expect(processes.map(({ id }) => id).toSorted()).toEqual(
      stores.map((store) => leasesOf(store).processId).toSorted(),
    );
    expect(processes[0]).toMatchObject({ ...FACTS, startedAt: expect.any(Number) });
    expect(processes.every(({ restMs }) => restMs > 1000 && restMs <= 8000)).toBe(true);
  });

  it('are one bridge', () => {
    expect(one.instanceId).toBe(two.instanceId);
  });

  it('hold a lease one at a time, and count each taking of it', async () => {
    const first = await taken(one, 'lab a');
    expect(await leasesOf(two).take('lab a')).toBeUndefined();
    expect(await leasesOf(one).take('lab a')).toBeUndefined();

    await leasesOf(one).release(first);
    const second = await taken(two, 'lab a');

    expect(second.fence).toBe(first.fence + 1);
    await leasesOf(one).release(first); // it is another's by now
    expect((await leasesOf(one).sharedWork()).leases).toEqual([second]);
  });

  it('leave what they hold to the others when they leave, or are dead', async () => {
    await taken(one, 'lab a');
    await leasesOf(one).leave();
    const second = await taken(two, 'lab a');

    await leasesOf(one).enter(FACTS);
    await silent(two, 10_000);
    expect(await leasesOf(one).bury()).toEqual([leasesOf(two).processId]);

    expect((await taken(one, 'lab a')).fence).toBe(second.fence + 1);
    expect(await leasesOf(two).renew()).toBe(false);
  });

  it('are not taken for dead as long as they are in time', async () => {
    await silent(two, 4000);
    expect(await leasesOf(one).bury()).toEqual([]);
    expect(await leasesOf(two).renew()).toBe(true);
  });

  it('have time to renew themselves after an outage of the database', async () => {
    await silent(one, 60_000);
    await silent(two, 60_000);

    expect(await leasesOf(one).renew()).toBe(true);
    expect(await leasesOf(one).bury()).toEqual([]);
    expect(await leasesOf(two).renew()).toBe(true);
  });

  it('forget in time what was of labs that none of them has, and nothing else', async () => {
    const kept = async (table: 'leases' | 'known_states'): Promise<string[]> =>
      (await client.query<{ name: string }>(`SELECT name FROM ${table} ORDER BY name`)).rows.map(
        (row) => row.name,
      );
    const gone = await taken(one, 'lab gone');
    await taken(one, 'lab a');
    await leasesOf(one).saveState('lab gone', '{}');
    await leasesOf(one).saveState('lab a', '{}');
    await leasesOf(one).release(gone);

    await leasesOf(two).forgetStates(60_000);
    expect(await kept('leases')).toEqual(['lab a', 'lab gone']);

    await client.query("UPDATE known_states SET at = at - 100000 WHERE name = 'lab gone'");
    await leasesOf(two).forgetStates(60_000);
    expect([await kept('leases'), await kept('known_states')]).toEqual([['lab a'], ['lab a']]);
    // A decision of before must not look like one of now.
    expect((await taken(one, 'lab gone')).fence).toBeGreaterThan(gone.fence);
  });

  it('store nothing that they decided under a lease that another has by now', async () => {
    const lease = await taken(one, 'lab a');
    const job = await newJob(one);
    const leased = one.under(lease);
    const saved = await leased.save(job, { job: { stage: 'admitted' } });
    await leasesOf(one).release(lease);
    await taken(two, 'lab a');

    await expect(leased.save(saved, { job: { stage: 'claimed' } })).rejects.toMatchObject({
      code: 'lost_lease',
    });
    await expect(leased.saveSetting('cursor x', '1')).rejects.toMatchObject({ code: 'lost_lease' });
    await expect(leased.forget(Date.now(), 10)).rejects.toMatchObject({ code: 'lost_lease' });
    await expect(leased.matchDestinations([], 0, 'gone')).rejects.toMatchObject({ code: 'lost_lease' });
    await leased.drain('a', '', 'an order is taken by any'); // no decision of the loop
    expect(await two.job(job.id)).toMatchObject({ stage: 'admitted' });
  });

  it('wait with a takeover until what was decided is stored', async () => {
    const lease = await taken(one, 'lab a');
    await client.query('BEGIN');
    await client.query("SELECT 1 FROM leases WHERE name = 'lab a' FOR SHARE");
    let isFree = false;
    const released = leasesOf(one)
      .release(lease)
      .then(() => (isFree = true));
    await leasesOf(two).sharedWork();
    expect(isFree).toBe(false);
    await client.query('COMMIT');
    await released;
    expect((await taken(two, 'lab a')).fence).toBe(lease.fence + 1);
  });

  it('count a death once for what was under way in it, and not for what the others do', async () => {
    await one.beginWork('job 1');
    await one.beginWork('job 2');
    await one.pauseWork('job 2', true);
    await two.beginWork('job 3');
    await silent(one, 10_000);

    expect(await leasesOf(two).bury()).toHaveLength(1);
    expect(await leasesOf(two).bury()).toEqual([]);
    expect(await two.suspects()).toEqual([{ item: 'job 1', crashes: 1 }]);

    // It was only paused, and goes on: the note is no longer its own.
    await two.beginWork('job 1');
    await one.endWork('job 1');
    await leasesOf(one).enter(FACTS);
    await silent(two, 10_000);
    await leasesOf(one).bury();
    const suspects = new Map((await one.suspects()).map(({ item, crashes }) => [item, crashes]));
    expect(suspects).toEqual(
      new Map([
        ['job 1', 2],
        ['job 3', 1],
      ]),
    );
  });

  it('store what LAVA answered, unless the attempt has another LAVA job or was submitted again', async () => {
    const job = await newJob(one);
    const attempt = { jobId: job.id, n: 1, lab: 'a', submissionKey: 'x.y.1', definition: 'job_name: x' };
    const more = {
      hasKey: true,
      deviceType: 'b',
      jobTimeout: 1,
      queueTimeout: 1,
      expectedTests: NO_TESTS,
    };
    await one.record(job.id, { newAttempt: { ...attempt, ...more } });
    const sent = (sentAt: number) =>
      one.record(job.id, { attempts: new Map([[1, { intentAt: 5, sentAt }]]) });
    const answered = (sentAt: number, lavaId: number) =>
      one.recordSubmission({ jobId: job.id, n: 1, sentAt }, lavaId, [{ kind: 'note', text: 'a second' }]);

    await sent(10);
    await sent(20);
    expect(await answered(10, 77)).toBe(false);
    expect(await answered(20, 78)).toBe(true);
    expect(await answered(20, 78)).toBe(true);
    expect(await answered(20, 79)).toBe(false);

    expect(await one.attempts(job.id)).toMatchObject([{ lavaId: 78 }]);
    expect(await one.timeline(job.id)).toHaveLength(2);
  });
});
