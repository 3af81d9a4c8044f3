import { describe, expect, it } from 'vitest';
import { LAB, testWorld, type TestWorld } from '../support/world.ts';

interface Sent {
  key: string;
  lab?: string;
  token?: string;
  body?: unknown;
  method?: string;
}

interface Answer {
  status: number;
  json: unknown;
}

/** Sends a callback as LAVA would. */
function send(world: TestWorld, { key, lab = LAB, token, body, method = 'POST' }: Sent): Promise<Answer> {
  return world.http(`/callback/${lab}/${key}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: token }) },
    ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
  });
}

/** A world with a job that runs in LAVA until it is cancelled. */
async function running(options: Parameters<typeof testWorld>[0] = {}): Promise<{
  world: TestWorld;
  key: string;
  token: string;
}> {
  const world = await testWorld(options);
  const key = world.publish({ scenario: 'long' });
  await world.at(key, 'running');
  return { world, key, token: world.lava.callback.token };
}

const BODY = { id: 1, state_string: 'Running', health_string: 'Unknown' };

describe('a callback', () => {
  it('without the lab’s token is not let in, and does not learn what there is', async () => {
    const { world, key } = await running();

    for (const sent of [
      { key, body: BODY },
      { key, body: BODY, token: 'wrong' },
      { key, body: BODY, token: `Bearer ${world.lava.callback.token}` },
      { key: 'no-such-job', body: BODY, token: 'wrong' },
      { key, lab: 'no-such-lab', body: BODY, token: world.lava.callback.token },
    ]) {
      expect(await send(world, sent)).toMatchObject({ status: 401, json: { error: 'unauthorized' } });
    }
    expect(await world.daemon.context.store.callbacks(`${LAB}:${key}`)).toEqual([]);
  });

  it('with the token’s name in place of the token is reported in the log, once', async () => {
    const { world, key } = await running();
    const { name } = world.lava.callback;

    expect((await send(world, { key, body: BODY, token: name })).status).toBe(401);
    expect((await send(world, { key, body: BODY, token: name })).status).toBe(401);

    const logged = world.log.filter((line) => line.includes('in place of the token'));
    expect(logged).toHaveLength(1);
  });

  it('of a job that is not ours, or of another LAVA job, is refused', async () => {
    const { world, key, token } = await running();

    expect(await send(world, { key: 'no-such-job', body: BODY, token })).toMatchObject({
      status: 404,
      json: { error: 'unknown_job' },
    });
    expect(await send(world, { key, body: { ...BODY, id: 2 }, token })).toMatchObject({
      status: 409,
      json: { error: 'other_job' },
    });
    expect(await world.daemon.context.store.callbacks(`${LAB}:${key}`)).toEqual([]);
  });

  it('that is none is refused, whatever is wrong with it', async () => {
    const { world, key, token } = await running({
      lab: { limits: { max_callback: 2000, max_queued_per_device: 50 } },
    });

    for (const body of ['', 'not JSON', '[]', 'null', '{}', '{"id":"1"}', '{"id":1,"state_string":"Odd"}']) {
      const { status } = await send(world, { key, body, token });
      expect([body, status]).toEqual([body, 400]);
    }
    const large = { ...BODY, log: 'x'.repeat(3000) };
    expect((await send(world, { key, body: large, token })).status).toBe(413);
    expect((await send(world, { key, token, method: 'GET' })).status).toBe(405);
    expect(await world.daemon.context.store.callbacks(`${LAB}:${key}`)).toEqual([]);
    expect((await world.http('/metrics')).text).toMatch(/too_large"\} 1/);
  });

  it('is taken before the answer to the submission is known: the mark says whose it is', async () => {
    const world = await testWorld({ lava: { age: 'newest' } });
    world.lava.switches.loseAnswers = 1;
    const key = world.publish({ scenario: 'fail' });
    await world.waits(key, 'answer_lost');
    world.fly();

    await world.ended(key);

    expect(world.lava.callbacks).toEqual({ sent: 1, accepted: 1 });
    expect(await world.attempts(key)).toMatchObject([{ lavaId: 1, evidence: 'callback' }]);
  });

  it('that comes after the job’s end stands in the timeline, and changes nothing', async () => {
    const world = await testWorld();
    const key = world.publish({ scenario: 'fail' });
    const before = await world.ended(key);
    const sent = world.kcidb.submissions.size;

    const { status } = await send(world, {
      key,
      token: world.lava.callback.token,
      body: { id: 1, state_string: 'Finished', health_string: 'Complete' },
    });

    expect(status).toBe(200);
    expect((await world.timeline(key)).at(-1)).toMatchObject({ code: 'callback_late' });
    expect(await world.job(key)).toEqual(before);
    expect(world.kcidb.submissions.size).toBe(sent);
  });
});
