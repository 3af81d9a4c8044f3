import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openState, openStore, type State } from '../../src/store/index.ts';
import { atEnd } from '../support/at-end.ts';
import { PLACES } from '../support/places.ts';

async function open(kind: string, now?: () => number): Promise<State> {
  const place = (await PLACES[kind]?.()) ?? { sqlite: ':memory:' };
  await (await openStore(place)).close();
  const state = await openState(place, now);
  atEnd(() => state.close());
  return state;
}

async function text(stream: Readable): Promise<string> {
  return (await buffer(stream)).toString();
}

describe.each(Object.keys(PLACES))('a blob with %s', (kind) => {
  it('comes back as it was put, in pieces or as one', async () => {
    const { blobs } = await open(kind);
    await blobs.put('lab/node/1.gz', ['a', Buffer.from('ä'), '']);
    await blobs.put('lab/node/empty.gz', []);

    expect(await text(blobs.read('lab/node/1.gz'))).toBe('aä');
    expect(await text(blobs.read('lab/node/empty.gz'))).toBe('');
    expect(gunzipSync(await buffer(blobs.readGzip('lab/node/empty.gz'))).toString()).toBe('');
  });

  it('comes back as it was put where it is larger than any piece of it', async () => {
    const { blobs } = await open(kind);
    const bytes = randomBytes(3_000_001);
    await blobs.put('lab/node/1.gz', [bytes.subarray(0, 10), bytes.subarray(10)]);

    expect((await buffer(blobs.read('lab/node/1.gz'))).equals(bytes)).toBe(true);
    expect(gunzipSync(await buffer(blobs.readGzip('lab/node/1.gz'))).equals(bytes)).toBe(true);
  });

  it('takes another name once, and it does no harm to say it twice', async () => {
    const { blobs } = await open(kind);
    await blobs.put('lab/node/callback.gz', ['written']);

    expect(await blobs.move('lab/node/callback.gz', 'lab/node/1.gz')).toBe(true);
    expect(await blobs.move('lab/node/callback.gz', 'lab/node/1.gz')).toBe(true);
    expect(await text(blobs.read('lab/node/1.gz'))).toBe('written');
    expect(await blobs.has('lab/node/callback.gz')).toBe(false);
    expect(await blobs.move('lab/node/none.gz', 'lab/node/2.gz')).toBe(false);
  });

  it('that can’t be written to its end is not there, and one of that name stays', async () => {
    const { blobs } = await open(kind);
    const broken = function* (): Generator<string> {
      yield 'half of it';
      throw new Error('cut');
    };
    await blobs.put('lab/node/old.gz', ['whole']);

    await expect(blobs.put('lab/node/1.gz', broken())).rejects.toThrow('cut');
    await expect(blobs.put('lab/node/old.gz', broken())).rejects.toThrow('cut');

    expect(await blobs.has('lab/node/1.gz')).toBe(false);
    expect(await text(blobs.read('lab/node/old.gz'))).toBe('whole');
    expect(await blobs.list()).toHaveLength(1);
  });

  it('that is not there is lost, in the words of a file system', async () => {
    const { blobs } = await open(kind);
    await expect(text(blobs.read('lab/node/1.gz'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is listed with its job and its size, and goes with the job’s folder', async () => {
    const { blobs } = await open(kind);
    await blobs.put('lab/node/1.gz', ['one']);
    await blobs.put('lab/node/2.gz', [randomBytes(1000)]);
    await blobs.put('lab/node-other/1.gz', ['other']);
    await blobs.put('lab/node/1.gz', ['one again']);

    const listed = (await blobs.list()).map(({ jobId }) => jobId).toSorted();
    expect(listed).toEqual(['lab:node', 'lab:node', 'lab:node-other']);
    expect(Math.max(...(await blobs.list()).map(({ size }) => size))).toBeGreaterThan(999);

    await blobs.remove('lab/node');
    await blobs.remove('lab/none');
    expect((await blobs.list()).map(({ jobId }) => jobId)).toEqual(['lab:node-other']);
  });
});

describe.each(Object.keys(PLACES))('a kept file with %s', (kind) => {
  it('is read from any byte to any other', async () => {
    const files = (await open(kind)).files('logs');
    const bytes = randomBytes(600_000);
    await files.write('job/log.txt', Readable.from([bytes]));
    const part = async (start: number, end: number): Promise<boolean> => {
      const file = await files.open('job/log.txt');
      if (file === undefined) return false;
      return (await buffer(file.read({ start, end }))).equals(bytes.subarray(start, end + 1));
    };

    for (const [start, end] of [
      [0, 0],
      [10, 99],
      [262_143, 262_144],
      [262_144, 524_287],
      [1, 599_999],
      [599_999, 599_999],
    ] as const)
      expect(await part(start, end), `${start}-${end}`).toBe(true);
    expect(await files.open('job/none.txt')).toBeUndefined();
  });

  it('is kept apart from those of another area', async () => {
    const state = await open(kind);
    await state.files('logs').write('a/b', Readable.from(['log']));
    await state.files('files').write('a/b', Readable.from(['file']));

    const [log] = await state.files('logs').list();
    expect(log).toMatchObject({ path: 'a/b', unfinished: false });
    if (log !== undefined) await state.files('logs').remove(log);
    expect(await state.files('logs').list()).toEqual([]);
    expect(await state.files('files').list()).toHaveLength(1);
  });
});

describe.runIf('PostgreSQL' in PLACES)('a file in PostgreSQL', () => {
  it('that a death left half written goes a day later', async () => {
    let now = Date.now();
    const { blobs } = await open('PostgreSQL', () => now);
    const cut = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const dying = blobs.put(
      'lab/node/1.gz',
      (async function* () {
        yield randomBytes(600_000);
        begun.resolve();
        await cut.promise;
        yield 'its end';
      })(),
    );
    await begun.promise;

    now += 86_500_000;
    await blobs.put('lab/node/2.gz', ['another']);
    cut.resolve();

    await expect(dying).rejects.toThrow();
    expect(await blobs.has('lab/node/1.gz')).toBe(false);
    expect(await text(blobs.read('lab/node/2.gz'))).toBe('another');
  });
});

describe('a blob with SQLite', () => {
  it('lies below the folder of the evidence and nowhere else', async () => {
    const { blobs, folder = '' } = await open('SQLite');
    await blobs.put('lab/node/1.gz', ['x']);

    expect(await readdir(join(folder, 'evidence/lab/node'))).toEqual(['1.gz']);
    await expect(blobs.put('../out.gz', ['x'])).rejects.toMatchObject({ code: 'blob' });
    await expect(blobs.move('a.gz', '/tmp/out.gz')).rejects.toMatchObject({ code: 'blob' });
  });
});
