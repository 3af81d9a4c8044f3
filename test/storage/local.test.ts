import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { TemporaryError } from '../../src/core/errors.ts';
import { folderFiles } from '../../src/storage/folder.ts';
import { createLocalStore, type LocalLogStore } from '../../src/storage/local.ts';
import { newFolder } from '../support/folder.ts';

const DAY = 86_400_000;

let parent: string;
let directory: string;
let store: LocalLogStore;

beforeEach(async () => {
  parent = await newFolder();
  directory = join(parent, 'logs');
  store = createLocalStore({
    files: folderFiles(directory),
    publicUrl: 'https://lab.example/',
  });
});

const KEPT = { maxAgeMs: 30 * DAY, maxBytes: 1000 };

async function read(path: string): Promise<string | undefined> {
  const file = await store.open(path);
  return file === undefined ? undefined : (await buffer(file.read())).toString();
}

/** Puts a file that is so many days old. */
async function putOld(path: string, size: number, days: number, now: number): Promise<void> {
  await store.put(path, Buffer.alloc(size, 'x'), 'text/plain');
  const then = (now - days * DAY) / 1000;
  await utimes(join(directory, path), then, then);
}

/** All files below the directory, those that are no logs among them. */
async function allFiles(): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('keeping', () => {
  it('gives the URL where everybody reads the file', async () => {
    const url = await store.put('lab/1/log.txt', Buffer.from('booted'), 'text/plain');

    expect(url).toBe('https://lab.example/logs/lab/1/log.txt');
    expect(await read('lab/1/log.txt')).toBe('booted');
  });

  it('keeps what comes as a stream', async () => {
    await store.put('1/log.txt', Readable.from([Buffer.from('one '), Buffer.from('two')]), 'text/plain');

    const file = await store.open('1/log.txt');
    await file?.close();

    expect(file).toMatchObject({ size: 7, contentType: 'text/plain; charset=utf-8' });
    expect(await read('1/log.txt')).toBe('one two');
  });

  it('puts a new file in the place of the old one', async () => {
    await store.put('1/log.txt', Buffer.from('while it ran'), 'text/plain');
    await store.put('1/log.txt', Buffer.from('in the end'), 'text/plain');

    expect(await read('1/log.txt')).toBe('in the end');
  });

  it('leaves the old file and nothing else when a stream breaks', async () => {
    await store.put('1/log.txt', Buffer.from('whole'), 'text/plain');
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('half');
        throw new Error('cut');
      })(),
    );

    await expect(store.put('1/log.txt', broken, 'text/plain')).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining('cut'),
    });
    expect(await read('1/log.txt')).toBe('whole');
    expect(await allFiles()).toEqual(['log.txt']);
  });

  it('says that it may pass when the directory can not be written', async () => {
    await writeFile(directory, 'a file where the directory should be');

    await expect(store.put('1/log.txt', Buffer.from('x'), 'text/plain')).rejects.toBeInstanceOf(
      TemporaryError,
    );
  });

  it('has nothing under a path that was not put, or that is a directory', async () => {
    await store.put('lab/1/log.txt', Buffer.from('x'), 'text/plain');

    expect(await store.open('lab/2/log.txt')).toBeUndefined();
    expect(await store.open('lab/1')).toBeUndefined();
    expect(await store.open('lab/1/log.txt/more')).toBeUndefined();
  });
});

describe('paths', () => {
  it.each([
    '../secret',
    'a/../../secret',
    '/etc/passwd',
    'a//b',
    './a',
    'a/.',
    '.hidden',
    '.unfinished/x',
    'a/b\0c',
    'a\\..\\b',
    '%2e%2e/secret',
    'a/',
    '',
    'ä',
    'a b',
    'x'.repeat(300),
    Array.from({ length: 40 }, () => 'a').join('/'),
  ])('takes and gives nothing under %j', async (path) => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(parent, 'secret'), 'secret');

    await expect(store.put(path, Buffer.from('x'), 'text/plain')).rejects.toMatchObject({ code: 'bad_path' });
    expect(await store.open(path)).toBeUndefined();
    expect(await readdir(parent)).toEqual(['logs', 'secret']);
  });
});

describe('sweeping', () => {
  const now = Date.UTC(2026, 7, 21);

  it('removes what is too old, with the directories that are empty then', async () => {
    await putOld('old/log.txt', 10, 31, now);
    await putOld('young/log.txt', 10, 29, now);

    const swept = await store.sweep(now, KEPT);

    expect(swept).toEqual({ removedFiles: 1, removedBytes: 10, keptBytes: 10 });
    expect((await readdir(directory)).filter((name) => !name.startsWith('.'))).toEqual(['young']);
  });

  it('removes the oldest until the rest is small enough', async () => {
    await putOld('c/log.txt', 400, 1, now);
    await putOld('a/log.txt', 400, 3, now);
    await putOld('b/log.txt', 400, 2, now);

    const swept = await store.sweep(now, KEPT);

    expect(swept).toEqual({ removedFiles: 1, removedBytes: 400, keptBytes: 800 });
    expect(await read('a/log.txt')).toBeUndefined();
    expect(await read('b/log.txt')).toBeDefined();
  });

  it('removes what a crash left unfinished, and not what is being written', async () => {
    await store.put('1/log.txt', Buffer.from('x'), 'text/plain');
    const left = join(directory, '.unfinished', 'left');
    await writeFile(left, 'half');
    await utimes(left, now / 1000 - 2 * 86_400, now / 1000 - 2 * 86_400);
    const writing = join(directory, '.unfinished', 'writing');
    await writeFile(writing, 'half');
    await utimes(writing, now / 1000, now / 1000);

    await store.sweep(now, KEPT);

    expect(await readdir(join(directory, '.unfinished'))).toEqual(['writing']);
  });

  it('has nothing to do before the first file', async () => {
    expect(await store.sweep(now, KEPT)).toEqual({ removedFiles: 0, removedBytes: 0, keptBytes: 0 });
  });

  it('does not follow links out of the directory', async () => {
    await writeFile(join(parent, 'secret'), 'secret');
    await mkdir(directory);
    await symlink(parent, join(directory, 'link'));

    await store.sweep(now + 10_000 * DAY, KEPT);

    expect(await readdir(parent)).toContain('secret');
  });
});
