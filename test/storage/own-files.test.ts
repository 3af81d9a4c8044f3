import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { folderFiles } from '../../src/storage/folder.ts';
import { openOwnFiles } from '../../src/storage/own-files.ts';
import { newFolder } from '../support/folder.ts';

it('keeps no file that is larger than the limit', async () => {
  const files = openOwnFiles(folderFiles(await newFolder()), 10);
  const of = (size: number): Readable => Readable.from([Buffer.alloc(size)]);
  expect(await files.put('Image', of(10))).toMatch(/^\/files\/[0-9a-f]{32}\/Image$/);
  await expect(files.put('Image', of(11))).rejects.toMatchObject({ code: 'storage_refused' });
});

it('takes no name that is a path', async () => {
  const files = openOwnFiles(folderFiles(await newFolder()));
  for (const name of ['../Image', 'a/b', '.profile', '']) {
    await expect(files.put(name, Readable.from([Buffer.from('x')]))).rejects.toMatchObject({
      code: 'bad_path',
    });
  }
});

it('keeps nothing of a file whose sender goes away, before it is read or meanwhile', async () => {
  const files = openOwnFiles(folderFiles(await newFolder()));
  const before = new Readable({ read: () => undefined });
  before.destroy(new Error('gone'));
  const meanwhile = Readable.from(
    (async function* () {
      yield Buffer.from('x');
      throw new Error('gone');
    })(),
  );
  for (const content of [before, meanwhile]) {
    await expect(files.put('Image', content)).rejects.toMatchObject({ code: 'storage_failed' });
  }
});
