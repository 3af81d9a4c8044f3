import { afterEach, beforeEach, expect, it } from 'vitest';
import { PermanentError, TemporaryError } from '../../src/core/errors.ts';
import { createKcidbClient, parseKcidbRest, type KcidbClient } from '../../src/kcidb/client.ts';
import { startKcidbSimulator, type KcidbSimulator } from '../../src/sim/kcidb/server.ts';

let sim: KcidbSimulator;
let client: KcidbClient;

beforeEach(async () => {
  sim = await startKcidbSimulator({ ingest: 'on command', maxBody: 10_000 });
  client = createKcidbClient({ url: sim.url, token: sim.token, timeoutMs: 2000 });
});
afterEach(() => sim.stop());

const REPORT = {
  version: { major: 5, minor: 3 },
  tests: [{ id: 'mylab:1', origin: 'mylab', build_id: 'maestro:1', path: 'boot', status: 'PASS' }],
};

it('hands a report over and follows it to the end', async () => {
  const { id } = await client.submit(REPORT);

  expect(await client.status(id)).toBe('ready');
  sim.ingest();
  expect(await client.status(id)).toBe('processed');
  expect(sim.find('tests', 'mylab:1')).toMatchObject({ path: 'boot', status: 'PASS' });
});

it('takes a URL with and without /submit at its end', async () => {
  const other = createKcidbClient({ url: `${sim.url}/submit/`, token: sim.token, timeoutMs: 2000 });

  const { id } = await other.submit(REPORT);

  expect(await other.status(id)).toBe('ready');
});

it('says that KCIDB has lost a submission', async () => {
  const { id } = await client.submit(REPORT);
  sim.mark(id, undefined);

  expect(await client.status(id)).toBe('notfound');
});

it('finds out that the token is good, or not', async () => {
  await client.check();
  const stranger = createKcidbClient({ url: sim.url, token: 'a-secret-token', timeoutMs: 2000 });

  await expect(stranger.check()).rejects.toMatchObject({ code: 'kcidb_auth' });
  await expect(stranger.submit(REPORT)).rejects.toBeInstanceOf(PermanentError);
  await expect(stranger.submit(REPORT)).rejects.not.toThrow(/a-secret-token/);
  expect(sim.submissions.size).toBe(0);
});

it('says that a report is too large as one piece', async () => {
  await expect(client.submit({ ...REPORT, misc: 'x'.repeat(20_000) })).rejects.toMatchObject({
    code: 'too_large',
  });
});

it('says that KCIDB takes a report for no JSON', async () => {
  await expect(client.submit({ comment: '\ud800' })).rejects.toMatchObject({ code: 'kcidb_refused' });
});

it.each([500, 502, 429])('takes a %i for something that passes', async (status) => {
  sim.faults.add({ kind: 'status', status });

  await expect(client.submit(REPORT)).rejects.toBeInstanceOf(TemporaryError);
});

it('may send again when the answer was lost: the objects are there once', async () => {
  sim.faults.add({ kind: 'lose', times: 1 });
  await expect(client.submit(REPORT)).rejects.toBeInstanceOf(TemporaryError);

  await client.submit(REPORT);
  sim.ingest();

  expect(sim.submissions.size).toBe(2);
  expect(sim.objects('tests')).toEqual(REPORT.tests);
});

it('gives up on a mute KCIDB after the time-out', async () => {
  sim.faults.add({ kind: 'mute' });
  const hasty = createKcidbClient({ url: sim.url, token: sim.token, timeoutMs: 100 });

  await expect(hasty.submit(REPORT)).rejects.toMatchObject({ code: 'unreachable' });
});

it('distinguishes a page of something else from KCIDB', async () => {
  sim.faults.add({ kind: 'status', status: 200 });

  await expect(client.submit(REPORT)).rejects.toMatchObject({ code: 'kcidb_odd_answer' });
});

it.each([
  ['TOKEN@db.kernelci.org', 'https://db.kernelci.org', 'TOKEN'],
  ['https://TOKEN@db.kernelci.org/', 'https://db.kernelci.org', 'TOKEN'],
  ['http://TOKEN@localhost:8080/submit', 'http://localhost:8080', 'TOKEN'],
  ['https://TOKEN@host/kcidb/submit', 'https://host/kcidb', 'TOKEN'],
  ['https://a.b%2Fc%40d@host', 'https://host', 'a.b/c@d'],
])('reads the form of KCIDB_REST: %s', (text, url, token) => {
  expect(parseKcidbRest(text)).toEqual({ url, token });
});

it.each(['', 'https://db.kernelci.org', 'ftp://TOKEN@host', 'TOKEN@', 'https://bad%zz@host'])(
  'refuses %j for KCIDB_REST, without repeating it',
  (text) => {
    expect(() => parseKcidbRest(text)).toThrow(
      expect.objectContaining({ code: 'kcidb_rest', message: expect.not.stringMatching(/bad%|ftp:|db\./) }),
    );
  },
);
