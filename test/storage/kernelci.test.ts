import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PermanentError, TemporaryError } from '../../src/core/errors.ts';
import { createKernelciStorage, type KernelciStorage } from '../../src/storage/kernelci.ts';
import { startStorageSimulator, type StorageSimulator } from '../../src/sim/storage/server.ts';

let sim: StorageSimulator;
let storage: KernelciStorage;

beforeEach(async () => {
  sim = await startStorageSimulator({ prefixes: ['labs/mylab'] });
  storage = create();
});
afterEach(() => sim.stop());

function create(options: { token?: string; prefix?: string; timeoutMs?: number } = {}): KernelciStorage {
  return createKernelciStorage({
    url: sim.url,
    token: sim.token,
    prefix: 'labs/mylab/',
    timeoutMs: 2000,
    ...options,
  });
}

it('uploads a file below the prefix, and gives the URL where it is read', async () => {
  const url = await storage.put('job-1/log.txt', Buffer.from('booted\r\n--x'), 'text/plain; charset=utf-8');

  expect(url).toBe(`${sim.url}/labs/mylab/job-1/log.txt`);
  expect(await (await fetch(url)).text()).toBe('booted\r\n--x');
  expect(sim.files.get('labs/mylab/job-1/log.txt')?.type).toBe('text/plain; charset=utf-8');
});

it('uploads a stream', async () => {
  const stream = Readable.from([Buffer.from([0, 255]), Buffer.from('more')]);

  await storage.put('job-1/payload.gz', stream, 'application/gzip');

  expect(sim.files.get('labs/mylab/job-1/payload.gz')?.body).toEqual(
    Buffer.concat([Buffer.from([0, 255]), Buffer.from('more')]),
  );
});

it('uploads to the top where there is no prefix', async () => {
  await sim.stop();
  sim = await startStorageSimulator();

  const url = await create({ prefix: '' }).put('log.txt', Buffer.from('x'), 'text/plain');

  expect(url).toBe(`${sim.url}/log.txt`);
  expect([...sim.files.keys()]).toEqual(['log.txt']);
});

it('does not believe a 200 when the file is not there afterwards', async () => {
  sim.setWritesFailing(true);

  const lost = storage.put('job-1/log.txt', Buffer.from('x'), 'text/plain');

  await expect(lost).rejects.toBeInstanceOf(TemporaryError);
  await expect(lost).rejects.toMatchObject({ code: 'storage_unverified' });
});

it('does not believe a 200 when an older file of another size is there', async () => {
  await storage.put('job-1/log.txt', Buffer.from('old'), 'text/plain');
  sim.setWritesFailing(true);

  await expect(storage.put('job-1/log.txt', Buffer.from('newer'), 'text/plain')).rejects.toMatchObject({
    code: 'storage_unverified',
  });
});

it('distinguishes a bad token from a missing permission', async () => {
  const stranger = create({ token: 'a-secret-token' });
  const elsewhere = create({ prefix: 'labs/other' });

  await expect(stranger.put('log.txt', Buffer.from('x'), 'text/plain')).rejects.toMatchObject({
    code: 'storage_auth',
  });
  await expect(stranger.checkAuth()).rejects.not.toThrow(/a-secret-token/);
  await expect(elsewhere.put('log.txt', Buffer.from('x'), 'text/plain')).rejects.toMatchObject({
    code: 'storage_forbidden',
  });
  await storage.checkAuth();
});

it('takes the token with a word before it as well', async () => {
  await create({ token: `Bearer ${sim.token}` }).checkAuth();
});

it('comes again when somebody else is uploading the same key', async () => {
  const end = sim.occupy('labs/mylab/job-1/log.txt');
  await expect(storage.put('job-1/log.txt', Buffer.from('x'), 'text/plain')).rejects.toBeInstanceOf(
    TemporaryError,
  );
  end();

  await storage.put('job-1/log.txt', Buffer.from('x'), 'text/plain');
});

it('may upload again when the answer was lost', async () => {
  sim.faults.add({ kind: 'lose', method: 'POST', times: 1 });
  await expect(storage.put('job-1/log.txt', Buffer.from('x'), 'text/plain')).rejects.toBeInstanceOf(
    TemporaryError,
  );

  await storage.put('job-1/log.txt', Buffer.from('x'), 'text/plain');

  expect(sim.files.size).toBe(1);
});

it('gives up on a mute storage after the time-out', async () => {
  sim.faults.add({ kind: 'mute' });

  await expect(
    create({ timeoutMs: 100 }).put('log.txt', Buffer.from('x'), 'text/plain'),
  ).rejects.toMatchObject({ code: 'unreachable' });
});

it('says that it may pass when the file can not be read', async () => {
  const broken = Readable.from(
    (function* () {
      yield Buffer.from('half');
      throw new Error('the disk is gone');
    })(),
  );

  await expect(storage.put('log.txt', broken, 'text/plain')).rejects.toBeInstanceOf(TemporaryError);
  expect(sim.files.size).toBe(0);
});

it('does not even ask for a path that could lead elsewhere', async () => {
  const asked = storage.put('../other/log.txt', Buffer.from('x'), 'text/plain');

  await expect(asked).rejects.toBeInstanceOf(PermanentError);
  expect(sim.requests).toEqual([]);
});

it('sends the prefix as it is configured: the service compares it with the token’s as text', async () => {
  await sim.stop();
  sim = await startStorageSimulator({ prefixes: ['/allowed/path'] });

  const url = await create({ prefix: '/allowed/path' }).put('job-1/log.txt', Buffer.from('x'), 'text/plain');

  expect(url).toBe(`${sim.url}/allowed/path/job-1/log.txt`);
  expect(await (await fetch(url)).text()).toBe('x');
  await expect(
    create({ prefix: 'allowed/path' }).put('job-1/log.txt', Buffer.from('x'), 'text/plain'),
  ).rejects.toMatchObject({ code: 'storage_forbidden' });
});
