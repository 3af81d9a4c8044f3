import { join } from 'node:path';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openBlobs, type Blobs } from '../../src/store/index.ts';
import { newFolder } from '../support/folder.ts';

async function open(): Promise<{ blobs: Blobs; folder: string }> {
  const folder = await newFolder();
  return { blobs: openBlobs(folder), folder };
}

async function text(blobs: Blobs, name: string): Promise<string> {
  return Buffer.concat(await blobs.read(name).toArray()).toString();
}

describe('a blob', () => {
  it('comes back as it was put, in pieces or as one', async () => {
    const { blobs } = await open();
    await blobs.put('lab/node/1.gz', ['a', Buffer.from('ä'), '']);

    expect(await text(blobs, 'lab/node/1.gz')).toBe('aä');
  });

  it('takes another name once, and it does no harm to say it twice', async () => {
    const { blobs, folder } = await open();
    await blobs.put('lab/node/callback.gz', ['written']);

    expect(await blobs.move('lab/node/callback.gz', 'lab/node/1.gz')).toBe(true);
    expect(await blobs.move('lab/node/callback.gz', 'lab/node/1.gz')).toBe(true);
    expect(await text(blobs, 'lab/node/1.gz')).toBe('written');
    expect(await readdir(join(folder, 'lab/node'))).toEqual(['1.gz']);
    expect(await blobs.move('lab/node/none.gz', 'lab/node/2.gz')).toBe(false);
  });

  it('that can’t be written to its end is not there', async () => {
    const { blobs } = await open();
    const broken = (function* () {
      yield 'half of it';
      throw new Error('cut');
    })();

    await expect(blobs.put('lab/node/1.gz', broken)).rejects.toThrow('cut');
    expect(await blobs.has('lab/node/1.gz')).toBe(false);
  });

  it('lies below the folder and nowhere else', async () => {
    const { blobs } = await open();

    await expect(blobs.put('../out.gz', ['x'])).rejects.toMatchObject({ code: 'blob' });
    await expect(blobs.move('a.gz', '/tmp/out.gz')).rejects.toMatchObject({ code: 'blob' });
  });
});
