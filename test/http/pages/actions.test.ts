// Orders that people give on the pages, as a browser without script gives them.
import { describe, expect, it } from 'vitest';
import { ARM64, LAB, testWorld, until, X86, type TestWorld } from '../../support/world.ts';

interface Answer {
  status: number;
  to: string | null;
  text: string;
  cookie: string;
}

async function post(
  world: TestWorld,
  path: string,
  fields: Record<string, string>,
  { cookie = '', origin = world.url }: { cookie?: string; origin?: string | null } = {},
): Promise<Answer> {
  const answer = await fetch(`${world.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie, ...(origin === null ? {} : { origin }) },
    body: new URLSearchParams(fields),
  });
  const set = answer.headers.get('set-cookie') ?? '';
  return {
    status: answer.status,
    to: answer.headers.get('location'),
    text: await answer.text(),
    cookie: set.split(';')[0] ?? '',
  };
}

async function get(world: TestWorld, path: string, cookie = ''): Promise<Answer> {
  const answer = await fetch(`${world.url}${path}`, { redirect: 'manual', headers: { cookie } });
  return {
    status: answer.status,
    to: answer.headers.get('location'),
    text: await answer.text(),
    cookie: '',
  };
}

const signIn = async (world: TestWorld, token = world.token): Promise<string> =>
  (await post(world, '/login', { token })).cookie;

describe('signing in', () => {
  it('takes a token of the configuration, and leads to a page of ours alone', async () => {
    const world = await testWorld();
    const { token } = world;

    expect(await post(world, '/login', { token: 'guessed' })).toMatchObject({ status: 401, cookie: '' });
    expect(await post(world, '/login', { token, next: '/jobs?lab=a' })).toMatchObject({
      status: 303,
      to: '/jobs?lab=a',
    });
    for (const next of [
      'https://elsewhere.example/',
      '//elsewhere.example',
      '/\\elsewhere.example',
      'javascript:1',
    ])
      expect(await post(world, '/login', { token, next })).toMatchObject({ status: 303, to: '/' });
  });

  it('is asked for before an order, and ends with signing out', async () => {
    const world = await testWorld();
    const path = `/drain?lab=${LAB}`;
    const cookie = await signIn(world);

    expect(await get(world, path)).toMatchObject({
      status: 303,
      to: `/login?${new URLSearchParams({ next: path }).toString()}`,
    });
    expect((await get(world, path, cookie)).status).toBe(200);
    await post(world, '/logout', {}, { cookie });
    expect((await get(world, path, cookie)).status).toBe(303);
  });
});

describe('a form', () => {
  it.each([
    ['of another site', 'https://elsewhere.example'],
    ['that does not say where it comes from', null],
  ])('%s changes nothing', async (_what, origin) => {
    const world = await testWorld();
    const cookie = await signIn(world);

    expect((await post(world, '/drain', { lab: LAB }, { cookie, origin })).status).toBe(403);
    expect(await world.daemon.context.store.drains()).toEqual([]);
  });

  it('of someone who may only read changes nothing', async () => {
    const world = await testWorld({
      http: { tokens: [{ name: 'guest', token: 'guest-token-0123456789', role: 'read' }] },
    });
    const cookie = await signIn(world, 'guest-token-0123456789');

    expect((await get(world, '/boards', cookie)).text).toContain('guest');
    expect((await post(world, '/drain', { lab: LAB }, { cookie })).status).toBe(403);
    expect(await world.daemon.context.store.drains()).toEqual([]);
  });

  it('drains a board and resumes it, and its jobs go on', async () => {
    const world = await testWorld();
    const cookie = await signIn(world);
    const of = { lab: LAB, board: X86 };

    expect((await get(world, `/drain?lab=${LAB}&board=${X86}`, cookie)).text).toContain('Drain');
    await post(world, '/drain', { ...of, reason: 'a new power supply' }, { cookie });
    const nodeId = world.publish();
    await world.waits(nodeId, 'drained', 'a new power supply (admin)');
    expect((await get(world, '/')).text).toContain(`lava-bridge resume ${LAB} ${X86}`);
    await post(world, '/resume', of, { cookie });
    await world.ended(nodeId);
    expect((await post(world, '/drain', { lab: 'no-lab' }, { cookie })).status).toBe(404);
  });
});

describe('an order for a job', () => {
  it('is confirmed, carried out, and named in the timeline with who gave it', async () => {
    const world = await testWorld();
    const cookie = await signIn(world);
    await world.daemon.context.store.drain(LAB, ARM64, 'not yet');
    const nodeId = world.publish({ board: ARM64 });
    await world.waits(nodeId, 'drained');
    const path = `/jobs/${LAB}:${nodeId}`;

    expect((await get(world, path, cookie)).text).toContain(
      `${encodeURIComponent(`${LAB}:${nodeId}`)}/cancel`,
    );
    expect((await get(world, `${path}/cancel`, cookie)).text).toContain('method="post"');
    expect(await post(world, `${path}/retry`, {}, { cookie })).toMatchObject({ status: 303 });
    expect(await post(world, `${path}/cancel`, {}, { cookie })).toMatchObject({
      status: 303,
      to: `/jobs/${encodeURIComponent(`${LAB}:${nodeId}`)}`,
    });
    await world.ended(nodeId);
    const texts = (await world.timeline(nodeId)).map(({ text }) => text);
    expect(texts).toContain('looked at again, ordered by admin');
    expect(texts).toContain('cancel asked for by admin: cancelled by admin');
    expect((await post(world, `${path}/cancel`, {}, { cookie })).status).toBe(409);
    expect((await post(world, `${path}/retry`, {}, { cookie })).status).toBe(409);
    expect((await post(world, '/jobs/none/retry', {}, { cookie })).status).toBe(404);
  });

  it('sends one delivery again and drops another, each by its number', async () => {
    const world = await testWorld();
    const cookie = await signIn(world);
    const { store } = world.daemon.context;
    await store.drain(LAB, '', 'nothing runs');
    const nodeId = world.publish();
    const job = await world.waits(nodeId, 'drained');
    // Two that the other side refused.
    await store.record(job.id, {
      deliveries: ['one', 'two'].map((kind) => ({
        destination: 'kcidb',
        kind,
        body: {},
        required: false,
        notBefore: Date.now() + 3_600_000,
      })),
    });
    for (const delivery of await store.deliveries(job.id))
      await store.saveDelivery(delivery, { delivery: { state: 'parked', error: 'refused' } });
    const [one, two] = (await store.deliveries(job.id)).filter(({ state }) => state === 'parked');
    const path = `/jobs/${job.id}`;
    const order = (what: string, delivery: number | undefined): Promise<Answer> =>
      post(world, `${path}/${what}`, { delivery: String(delivery) }, { cookie });

    expect((await get(world, path, cookie)).text).toMatch(
      /resend\?delivery=\d+">send again[^]*drop\?delivery=\d+">drop/,
    );
    expect((await order('resend', one?.id)).status).toBe(303);
    expect((await order('drop', two?.id)).status).toBe(303);
    const texts = (await world.timeline(nodeId)).map(({ text }) => text);
    expect(texts).toContain('one to kcidb: to be sent again, ordered by admin');
    expect(texts).toContain('two to kcidb: dropped by admin: dropped on the pages');
    expect((await order('drop', two?.id)).status).toBe(409);
    expect((await order('resend', two?.id)).status).toBe(409);
    await until('the first is sent', async () =>
      (await store.deliveries(job.id)).find(({ id, error }) => id === one?.id && error !== 'refused'),
    );
  });
});
