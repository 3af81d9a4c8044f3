import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startStorageSimulator, type StorageSimulator } from '../../src/sim/storage/server.ts';

let sim: StorageSimulator;

beforeEach(async () => {
  sim = await startStorageSimulator({ prefixes: ['mine/'], maxBody: 100_000 });
});
afterEach(() => sim.stop());

interface Upload {
  path?: string;
  name?: string;
  field?: string;
  content?: string;
  headers?: Record<string, string>;
}

async function upload({
  path = 'mine/1',
  name = 'log.txt',
  field = 'file0',
  ...rest
}: Upload = {}): Promise<Response> {
  const form = new FormData();
  form.append('path', path);
  form.append(field, new Blob([rest.content ?? 'text']), name);
  return fetch(`${sim.url}/v1/file`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sim.token}`, ...rest.headers },
    body: form,
  });
}

const status = async (options: Upload): Promise<number> => (await upload(options)).status;

describe('uploads', () => {
  it('are answered with 200 and nothing else', async () => {
    const response = await upload();

    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(sim.files.get('mine/1/log.txt')).toEqual({ body: Buffer.from('text'), type: 'text/plain' });
  });

  it('take one slash from the end of the path, and slashes in the name', async () => {
    await upload({ path: 'mine/1/', name: 'sub/log.txt' });

    expect([...sim.files.keys()]).toEqual(['mine/1/sub/log.txt']);
  });

  it('have the type that is asked for, else that of the name', async () => {
    await upload({ name: 'a.txt', headers: { 'content-type-upstream': 'text/html' } });
    await upload({ name: 'b.bin' });

    expect([...sim.files.values()].map(({ type }) => type)).toEqual([
      'text/html',
      'application/octet-stream',
    ]);
  });

  it.each([
    ['without a token', { headers: { authorization: '' } }, 401],
    ['with a bad token', { headers: { authorization: 'Bearer bad' } }, 401],
    ['outside the prefix', { path: 'theirs/1' }, 403],
    ['by a crawler', { headers: { 'user-agent': 'GPTBot/1.0' } }, 403],
    ['with a way up', { path: 'mine/../theirs' }, 400],
    ['of no file0', { field: 'file1' }, 400],
    ['that are too large', { content: 'x'.repeat(200_000) }, 400],
  ])('%s are refused', async (_what, options, expected) => {
    expect(await status(options)).toBe(expected);
    expect(sim.files.size).toBe(0);
  });

  it('without a form are refused', async () => {
    const response = await fetch(`${sim.url}/upload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sim.token}`, 'content-type': 'multipart/form-data; boundary=x' },
      body: 'nonsense',
    });

    expect(response.status).toBe(400);
  });

  it('replace what is there without a word', async () => {
    await upload({ content: 'old' });
    await upload({ content: 'new' });

    expect(sim.files.get('mine/1/log.txt')?.body.toString()).toBe('new');
  });

  it('take the bare token as well', async () => {
    expect(await status({ headers: { authorization: sim.token } })).toBe(200);
  });

  it('of a key that somebody else is uploading are refused meanwhile', async () => {
    const end = sim.occupy('mine/1/log.txt');
    expect(await status({})).toBe(409);
    end();
    expect(await status({})).toBe(200);
  });

  it('are answered with 200 although nothing is stored, on command', async () => {
    sim.setWritesFailing(true);

    expect(await status({})).toBe(200);
    expect(sim.files.size).toBe(0);
  });
});

describe('downloads', () => {
  const ask = (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(`${sim.url}/mine/1/log.txt`, { headers, method });

  it('are public, with the size and a tag', async () => {
    await upload({ content: '0123456789' });

    const head = await ask({}, 'HEAD');
    const again = await ask({ 'if-none-match': head.headers.get('etag') ?? '' });

    expect([head.status, head.headers.get('content-length'), again.status]).toEqual([200, '10', 304]);
  });

  it('of parts are given by their beginning alone', async () => {
    await upload({ content: '0123456789' });

    const parts = await Promise.all(
      ['bytes=2-4', 'bytes=7-', 'bytes=0-0', 'bytes=-3'].map(async (range) => {
        const response = await ask({ range });
        return [response.status, response.ok ? await response.text() : ''];
      }),
    );

    expect(parts).toEqual([
      [206, '234'],
      [206, '789'],
      [200, '0123456789'],
      [416, ''],
    ]);
  });

  it('of what is not there are 404', async () => {
    const response = await ask();

    expect([response.status, await response.text()]).toEqual([404, 'Not Found: mine/1/log.txt']);
  });
});
