// Hostile callbacks: bodies that cost much to read, floods, and results that LAVA never sent.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LavaAge } from '../../src/sim/lava/age.ts';
import { LAB, testWorld, until, type TestWorld } from '../support/world.ts';

const KEEPS_TOKEN: LavaAge = 'newest';
const SHOWS_TOKEN: LavaAge = '2023.01';

function send(world: TestWorld, key: string, body: unknown): Promise<{ status: number; json: unknown }> {
  return world.http(`/callback/${LAB}/${key}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: world.lava.callback.token },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** A world with a job that runs in LAVA until it is cancelled. */
async function running(age: LavaAge = KEEPS_TOKEN): Promise<{ world: TestWorld; key: string }> {
  const world = await testWorld({ lava: { age } });
  const key = world.publish({ scenario: 'long' });
  await world.at(key, 'running');
  return { world, key };
}

/** LAVA ends the job that runs. */
async function endInLava(world: TestWorld): Promise<void> {
  const job = world.lava.jobs().at(-1);
  if (job !== undefined) await world.lava.lab.cancel(job);
}

const FINISHED = { id: 1, state_string: 'Finished', health_string: 'Complete' };

/** What no parser may be given as it is; the text of a whole body. */
const COSTLY: [what: string, body: string, status: number][] = [
  [
    'a flow sequence nested a million deep',
    JSON.stringify({ ...FINISHED, results: { lava: '['.repeat(1e6) } }),
    200,
  ],
  [
    'a definition nested a million deep',
    JSON.stringify({ ...FINISHED, definition: '{a: '.repeat(1e6) }),
    200,
  ],
  [
    'JSON nested ten thousand deep',
    `{"id":1,"state_string":"Finished","x":${'['.repeat(1e4)}${']'.repeat(1e4)}}`,
    400,
  ],
  ['objects nested ten thousand deep', `${'{"a":'.repeat(1e4)}1${'}'.repeat(1e4)}`, 400],
  ['a million empty lists', `{"id":1,"state_string":"Finished","x":[${'[],'.repeat(1e6)}[]]}`, 413],
  ['ten million bytes of results', JSON.stringify({ ...FINISHED, results: { lava: 'x'.repeat(1e7) } }), 413],
  ['two logs', `{"id":1,"state_string":"Finished","log":"a","log":"b"}`, 400],
  ['a log with a raw line break', '{"id":1,"state_string":"Finished","log":"a\nb"}', 400],
  ['a log that is cut off', '{"id":1,"state_string":"Finished","log":"a\\', 400],
  ['a key of a million characters', `{"${'k'.repeat(1e6)}":1}`, 400],
  [
    'numbers where texts should be',
    '{"id":1,"state_string":"Finished","log":1,"definition":[],"results":{"lava":5}}',
    200,
  ],
  ['escapes only', `{"id":1,"state_string":"Finished","log":"${'\\u0000\\ud800'.repeat(2e5)}"}`, 200],
];

describe('a costly callback', () => {
  it('is refused, and the job goes on', async () => {
    const { world, key } = await running();

    for (const [what, body, status] of COSTLY.filter(([, , status]) => status !== 200)) {
      expect([what, (await send(world, key, body)).status]).toEqual([what, status]);
      expect((await world.http('/healthz')).status).toBe(200);
    }

    await endInLava(world);
    expect(await world.ended(key)).toMatchObject({ stage: 'reported' });
  });

  it('that is taken does not keep its job from its end', { timeout: 300_000 }, async () => {
    const world = await testWorld({ lava: { age: KEEPS_TOKEN } });

    for (const [what, body, status] of COSTLY.filter(([, , status]) => status === 200)) {
      const key = world.publish({ scenario: 'long' });
      await world.at(key, 'running');
      const id = (await world.attempts(key))[0]?.lavaId ?? 0;
      const own = body.replace('"id":1', `"id":${id}`);
      expect([what, (await send(world, key, own)).status]).toEqual([what, status]);
      await endInLava(world);
      expect([what, await world.ended(key)]).toMatchObject([what, { stage: 'reported' }]);
      expect((await world.http('/healthz')).status).toBe(200);
    }
  });
});

describe('a flood of callbacks', () => {
  it('leaves two records and a few lines in the timeline, and the job goes on', async () => {
    const { world, key } = await running();
    const before = await world.timeline(key);

    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => send(world, key, { ...FINISHED, log: `${i}\n`, n: i % 20 })),
    );

    // On a busy machine some wait too long for their turn: they are refused, and LAVA is asked.
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).toContain(200);
    expect([200, 503]).toEqual(expect.arrayContaining([...statuses]));
    const { store } = world.daemon.context;
    // Those that were under way at the same time may each be the first.
    expect((await store.callbacks(`${LAB}:${key}`)).length).toBeLessThanOrEqual(8);
    expect((await world.timeline(key)).length - before.length).toBeLessThan(20);
  });

  it('of a job that has ended adds one line', async () => {
    const { world, key } = await running();
    await endInLava(world);
    await world.ended(key);
    const before = await world.timeline(key);

    for (let i = 0; i < 20; i++) expect((await send(world, key, { ...FINISHED, n: i })).status).toBe(200);

    expect((await world.timeline(key)).length - before.length).toBe(1);
  });
});

describe('a forged result', () => {
  const resultOf = async (world: TestWorld, key: string): Promise<string | undefined> =>
    (await world.ended(key)).verdict?.result;
  /** All that a job that passed would say. */
  const PASSED = {
    ...FINISHED,
    actual_device_id: 'qemu-01',
    results: {
      lava: '- {id: 1, name: job, result: pass, suite: lava, level: "", metadata: {result: pass}}\n',
    },
    log: '- {"dt": "2026-08-21T15:20:01.000000", "lvl": "target", "msg": "all is well"}\n',
  };

  it('that comes before the job’s end is not believed', async () => {
    const { world, key } = await running();
    world.lava.switches.callbacks = 'drop';
    expect((await send(world, key, PASSED)).status).toBe(200);
    world.jump(20_000);
    await until('it was dropped', async () =>
      (await world.timeline(key, 'callback_early')).length > 0 ? true : undefined,
    );

    await endInLava(world);
    await world.ended(key);
    expect(await world.attempts(key)).toMatchObject([{ evidence: 'fetched' }]);
  });

  it('next to LAVA’s own makes the evidence be fetched, whichever came first', async () => {
    const world = await testWorld({
      lava: { age: KEEPS_TOKEN, pace: { scheduleMs: 30, startMs: 30, runMs: 3000 } },
    });
    const key = world.publish({ scenario: 'fail' });
    await world.at(key, 'running');
    for (let i = 0; i < 5; i++) await send(world, key, { ...PASSED, n: i });

    expect(await resultOf(world, key)).toBe('fail');
    expect(await world.attempts(key)).toMatchObject([{ evidence: 'fetched' }]);
  });

  it('is no evidence at all where LAVA shows the token', async () => {
    const world = await testWorld({ lava: { age: SHOWS_TOKEN } });
    world.lava.switches.callbacks = 'drop';
    const key = world.publish({ scenario: 'fail' });
    await world.at(key, 'submitted');
    await until('it was forged in time', async () => {
      if ((await send(world, key, PASSED)).status === 200) return true;
      return undefined;
    });

    expect(await resultOf(world, key)).toBe('fail');
    expect(await world.attempts(key)).toMatchObject([{ evidence: 'fetched' }]);
  });
});

describe('the public name of the token', () => {
  const Labs = z.object({ labs: z.array(z.object({ name: z.string(), callbacks: z.string().nullable() })) });
  const faultOf = async (world: TestWorld): Promise<string | null | undefined> =>
    Labs.parse((await world.http('/api/v1/labs')).json).labs[0]?.callbacks;

  it('sent by a stranger is no fault of the lab, before and after the job’s end', async () => {
    const { world, key } = await running();
    const byName = (at: string): Promise<{ status: number }> =>
      world.http(`/callback/${LAB}/${at}`, {
        method: 'POST',
        headers: { authorization: world.lava.callback.name },
        body: '{}',
      });
    for (const at of [key, 'no-such-job', key]) expect((await byName(at)).status).toBe(401);
    expect(await faultOf(world)).toBeNull();

    await endInLava(world);
    await world.ended(key);
    expect(await faultOf(world)).toBeNull();
    for (const at of [key, 'no-such-job', key]) expect((await byName(at)).status).toBe(401);
    expect(await faultOf(world)).toBeNull();
  });
});
