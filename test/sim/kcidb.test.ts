import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startKcidbSimulator, type KcidbSimulator } from '../../src/sim/kcidb/server.ts';

let sim: KcidbSimulator;

beforeEach(async () => {
  sim = await startKcidbSimulator({ ingest: 'on command' });
});
afterEach(() => sim.stop());

interface Answer {
  status: number;
  type: string | null;
  body: Record<string, unknown>;
}

async function ask(path: string, body?: string, authorization = `Bearer ${sim.token}`): Promise<Answer> {
  const response = await fetch(sim.url + path, {
    headers: { authorization },
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

async function submit(objects: Record<string, unknown[]>): Promise<string> {
  const { body } = await ask('/submit', JSON.stringify({ version: { major: 5, minor: 3 }, ...objects }));
  return String(body['id']);
}

const state = async (id: string): Promise<unknown> => (await ask(`/status?id=${id}`)).body['status'];

const test = (more: object): object => ({ id: 'mylab:1', origin: 'mylab', build_id: 'maestro:1', ...more });

describe('the service', () => {
  it('takes any JSON, and says so in JSON under the type of plain text', async () => {
    const answer = await ask('/submit', '"not even a report"');

    expect(answer).toMatchObject({
      status: 200,
      type: 'text/plain; charset=utf-8',
      body: { status: 'ok', id: expect.stringMatching(/^[A-Za-z0-9]{32}$/) },
    });
  });

  it.each([
    ['what is no JSON', '{'],
    ['half a character', '{"a":"\\ud800"}'],
    ['what is nested too deeply', '['.repeat(200) + ']'.repeat(200)],
  ])('refuses %s', async (_what, body) => {
    expect(await ask('/submit', body)).toMatchObject({ status: 400, body: { id: '0', status: 'error' } });
    expect(sim.submissions.size).toBe(0);
  });

  it('looks at the second word of the authorization alone', async () => {
    expect((await ask('/authtest', undefined, `Whatever ${sim.token}`)).status).toBe(200);
    expect((await ask('/authtest', undefined, sim.token)).status).toBe(401);
    expect((await ask('/submit', '{}', 'Bearer bad')).status).toBe(401);
  });

  it('knows the states of what it was given', async () => {
    expect((await ask('/status')).status).toBe(400);
    expect(await ask('/status?id=')).toMatchObject({ status: 400, body: { message: 'Empty id' } });
    expect(await ask('/status?id=a-b')).toMatchObject({ status: 400, body: { message: 'Invalid id' } });
    expect(await ask('/status?id=abc')).toMatchObject({ status: 404, body: { status: 'notfound' } });
    expect((await ask('/status?id=abc', undefined, 'Bearer bad')).status).toBe(401);
    expect((await ask('/health', undefined, '')).body).toEqual({ text: 'OK' });
  });
});

describe('the ingester', () => {
  it('looks later', async () => {
    const id = await submit({ tests: [test({ status: 'PASS' })] });

    expect(await state(id)).toBe('ready');
    expect(sim.objects('tests')).toEqual([]);
    sim.ingest();
    expect(await state(id)).toBe('processed');
    expect(sim.objects('tests')).toEqual([test({ status: 'PASS' })]);
  });

  it('refuses a whole file for one bad object, and takes the others', async () => {
    const bad = await submit({ tests: [test({}), test({ id: 'mylab:2', path: 'two words' })] });
    const good = await submit({ tests: [test({ id: 'mylab:3' })] });

    sim.ingest();

    expect([await state(bad), await state(good)]).toEqual(['failed', 'processed']);
    expect(sim.objects('tests')).toMatchObject([{ id: 'mylab:3' }]);
  });

  it.each([
    ['a long origin', { origin: 'x'.repeat(101) }],
    ['a long platform', { environment: { misc: { platform: 'x'.repeat(101) } } }],
    ['a NUL in misc', { misc: { log: 'a\0b' } }],
  ])('refuses all files of a round for %s in one', async (_what, more) => {
    const neighbour = await submit({ tests: [test({ id: 'mylab:2' })] });
    const culprit = await submit({ tests: [test(more)] });

    sim.ingest();

    expect([await state(neighbour), await state(culprit)]).toEqual(['failed', 'failed']);
    expect(sim.objects('tests')).toEqual([]);
  });

  it('refuses an issue version that the column has no room for', async () => {
    const id = await submit({ issues: [{ id: 'mylab:i', origin: 'mylab', version: 20_240_502_101_105 }] });

    sim.ingest();

    expect(await state(id)).toBe('failed');
  });

  it('keeps the first value that is not null, column by column', async () => {
    await submit({ tests: [test({ path: 'boot', environment: { misc: { platform: 'qemu' } } })] });
    await submit({
      tests: [
        test({
          path: 'other',
          status: 'PASS',
          environment: { compatible: ['a,b'], misc: { platform: 'qemu', lab: 'x' } },
        }),
      ],
    });
    await submit({ tests: [test({ status: 'FAIL' })] });

    sim.ingest();

    expect(sim.objects('tests')).toEqual([
      test({
        path: 'boot',
        status: 'PASS',
        environment: { compatible: ['a,b'], misc: { platform: 'qemu' } },
      }),
    ]);
  });

  it('never changes the version of an issue', async () => {
    await submit({ issues: [{ id: 'mylab:i', origin: 'mylab', version: 1 }] });
    await submit({ issues: [{ id: 'mylab:i', origin: 'mylab', version: 2, comment: 'more is known' }] });

    sim.ingest();

    expect(sim.find('issues', 'mylab:i')).toMatchObject({ version: 1, comment: 'more is known' });
  });

  it('takes what cannot be a report for a failure', async () => {
    const { body } = await ask('/submit', '[1]');

    sim.ingest();

    expect(await state(String(body['id']))).toBe('failed');
  });
});
