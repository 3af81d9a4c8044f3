import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createLavaClient, type LavaClient, type LavaClientOptions } from '../../src/lava/client.ts';
import { decodeAnswer, decodeCall } from '../../src/lava/xmlrpc-codec.ts';
import { startLavaSimulator, type LavaSimulator } from '../../src/sim/lava/simulator.ts';
import {
  encodeFault,
  encodeResult,
  RpcFault,
  WireTime,
  type WireValue,
} from '../../src/sim/lava/xmlrpc-answer.ts';
import { listen } from '../support/listen.ts';
import { eventually } from '../support/wait.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0)) await close();
});

/** A LAVA that answers as the test says, and the calls that it got. */
async function canned(
  say: (method: string, params: unknown[]) => WireValue | Buffer,
  more: Partial<LavaClientOptions> = {},
): Promise<{ client: LavaClient; calls: unknown[][] }> {
  const calls: unknown[][] = [];
  async function respond(body: Buffer): Promise<string | Buffer> {
    const { method, params } = await decodeCall(body);
    calls.push([method, ...params]);
    try {
      const answer = say(method, params);
      return Buffer.isBuffer(answer) ? answer : encodeResult(answer);
    } catch (error) {
      if (error instanceof RpcFault) return encodeFault(error);
      throw error;
    }
  }
  const url = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void respond(Buffer.concat(chunks)).then((xml) =>
        response.writeHead(200, { 'content-type': 'application/xml' }).end(xml),
      );
    });
  });
  return { client: createLavaClient({ url, user: 'bridge', token: 't', timeoutMs: 5000, ...more }), calls };
}

async function simulate(
  more: Partial<LavaClientOptions> = {},
): Promise<{ lava: LavaSimulator; client: LavaClient }> {
  const lava = await startLavaSimulator({ pace: { scheduleMs: 1, startMs: 1, runMs: 20 } });
  closers.push(lava.stop);
  const { url, user, token } = lava;
  return { lava, client: createLavaClient({ url, user, token, timeoutMs: 5000, ...more }) };
}

function definition(scenario: string, name = 'test'): string {
  return JSON.stringify({
    job_name: name,
    device_type: 'qemu',
    visibility: 'public',
    timeouts: { job: { minutes: 30 } },
    actions: [
      { deploy: { to: 'tmpfs', images: { kernel: { url: `http://x.example/scenario/${scenario}/k` } } } },
      { boot: { method: 'qemu' } },
      {
        test: {
          definitions: [{ from: 'git', name: 'suite', path: 'a.yaml', repository: 'http://x.example/' }],
        },
      },
    ],
  });
}

function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`../fixtures/lava/xmlrpc/${name}.response.xml`, import.meta.url));
}

describe('refusals', () => {
  it.each<[number, string, string, string]>([
    [400, 'Device unavailable: No devices of type x are available.', 'RequestError', 'lava_refused'],
    [401, 'Authentication with user and token required for this API.', 'PermanentError', 'lava_auth'],
    [401, 'Permission denied for user to job 33', 'PermanentError', 'lava_forbidden'],
    [403, "Job '33' not available to user 'other'.", 'PermanentError', 'lava_forbidden'],
    [404, "Job '33' was not found.", 'PermanentError', 'lava_not_found'],
    [-32601, "No such method: 'x'", 'PermanentError', 'lava_version'],
    [-32602, 'bad multicall', 'PermanentError', 'lava_fault'],
    [
      -32603,
      "Internal Server Error (contact server administrator for details): 'device_type'",
      'RequestError',
      'lava_refused',
    ],
    [
      -32603,
      'Internal Server Error (…): submit() missing 1 required positional argument',
      'RequestError',
      'lava_refused',
    ],
    [
      -32603,
      'Internal Server Error (…): canceling statement due to statement timeout',
      'TemporaryError',
      'lava_internal',
    ],
    [
      -32603,
      'Internal Server Error (…): could not connect to server: Connection refused',
      'TemporaryError',
      'lava_internal',
    ],
  ])('takes fault %i "%s" for a %s', async (code, text, name, ours) => {
    const { client } = await canned(() => {
      throw new RpcFault(code, text);
    });

    const failure = client.submit('x');

    await expect(failure).rejects.toMatchObject({ name, code: ours, message: expect.stringContaining(text) });
  });

  it('refuses a multinode job, and leaves none of its parts behind', async () => {
    const { client, calls } = await canned((method) =>
      method === 'scheduler.jobs.submit' ? ['10.0', '10.1'] : true,
    );

    await expect(client.submit('x')).rejects.toMatchObject({ name: 'RequestError', code: 'multinode' });
    expect(calls.slice(1)).toEqual([
      ['scheduler.jobs.cancel', '10.0'],
      ['scheduler.jobs.cancel', '10.1'],
    ]);
  });

  it('sends no definition that LAVA would not read to its end', async () => {
    const { client, calls } = await canned(() => 1);

    await expect(client.submit('x'.repeat(3_000_000))).rejects.toMatchObject({ code: 'lava_refused' });
    expect(calls).toEqual([]);
  });

  it.each([
    ['jobs.show', (client: LavaClient) => client.logs(1, 0, 10), 'a word'],
    ['version', (client: LavaClient) => client.version(), 12],
    ['submit', (client: LavaClient) => client.submit('x'), null],
  ])('says that it does not understand an answer of another shape (%s)', async (_what, call, answer) => {
    const { client } = await canned(() => answer);

    await expect(call(client)).rejects.toMatchObject({ name: 'TemporaryError', code: 'lava_answer' });
  });
});

describe('asking for jobs', () => {
  it('reads LAVA times as UTC wherever the daemon runs', async () => {
    vi.stubEnv('TZ', 'Asia/Tokyo');
    expect(new Date(0).getHours()).toBe(9);
    const submitted = Date.UTC(2026, 10, 21, 16, 59, 7);
    const job = {
      id: 2,
      state: 'Running',
      health: 'Unknown',
      submit_time: new WireTime(submitted),
      end_time: null,
    };
    const { client } = await canned(() => [[job]]);

    const shown = (await client.show([2])).get(2);

    expect(shown).toMatchObject({ job: { submittedAt: submitted, finishedAt: undefined } });
  });

  it('asks for all in one request, and reports each alone', async () => {
    const fine = { id: 1, state: 'Submitted', health: 'Unknown' };
    const { client, calls } = await canned(() => [
      [fine],
      { faultCode: 404, faultString: "Job '2' was not found." },
      { faultCode: 403, faultString: "Job '3' not available to user 'bridge'." },
      { faultCode: -32603, faultString: 'Internal Server Error (…): statement timeout' },
      [{ id: 5, state: 'Paused', health: 'Unknown' }],
    ]);

    const shown = await client.show([1, 2, 3, 4, 5]);

    expect([...shown].map(([id, { kind }]) => [id, kind])).toEqual([
      [1, 'job'],
      [2, 'missing'],
      [3, 'missing'],
      [4, 'failed'],
      [5, 'failed'],
    ]);
    expect(calls).toHaveLength(1);
  });

  it('asks for very many in several requests, for none in none', async () => {
    const { client, calls } = await canned((_method, [items]) =>
      (items as unknown[]).map(() => [{ id: 1, state: 'Submitted', health: 'Unknown' }]),
    );

    expect((await client.show(Array.from({ length: 450 }, (_, i) => i))).size).toBe(450);
    expect(calls).toHaveLength(3);
    expect((await client.show([])).size).toBe(0);
    expect(calls).toHaveLength(3);
  });

  it('reads the states that the real LAVA gave', async () => {
    const wrap = async (name: string): Promise<Buffer> => {
      const value =
        /<value>(<struct>[^]*<\/struct>)<\/value>/.exec((await fixture(name)).toString())?.[0] ?? '';
      return Buffer.from(
        `<?xml version='1.0'?><methodResponse><params><param><value><array><data><value><array><data>${value}</data></array></value></data></array></value></param></params></methodResponse>`,
      );
    };
    const answer = await wrap('show.canceling');
    const { client } = await canned(() => answer);

    expect((await client.show([12])).get(12)).toEqual({
      kind: 'job',
      job: {
        id: 12,
        state: 'Canceling',
        health: 'Unknown',
        description: 'lavalab long',
        submitter: 'bridge',
        deviceType: 'qemu',
        device: 'qemu-03',
        tags: [],
        submittedAt: Date.UTC(2026, 10, 21, 17, 0, 3),
        startedAt: Date.UTC(2026, 10, 21, 17, 0, 3),
        finishedAt: undefined,
        failureComment: undefined,
        errorType: undefined,
        errorMsg: undefined,
      },
    });
  });
});

describe('reading logs', () => {
  it('reads none from a log that is not there yet, and cuts a line that has no end yet', async () => {
    const answers: [boolean, Buffer][] = [
      [false, Buffer.from('[]')],
      [false, Buffer.from('- {"a": 1}\n- {"b": 2}\n- {"c')],
      [true, Buffer.from('')],
    ];
    const { client } = await canned(() => answers.shift() ?? null);

    expect(await client.logs(1, 0, 10)).toEqual({ finished: false, text: '', lines: 0, more: true });
    expect(await client.logs(1, 0, 10)).toEqual({
      finished: false,
      text: '- {"a": 1}\n- {"b": 2}\n',
      lines: 2,
      more: true,
    });
    expect(await client.logs(1, 2, 10)).toEqual({ finished: true, text: '', lines: 0, more: false });
  });

  it('says that there is more as long as the job runs, or as many lines came as were asked for', async () => {
    const line = '- {"dt": "2026-08-21T15:20:01.5", "lvl": "target", "msg": "x"}\n';
    const { client } = await canned((_method, [, start]) => [
      true,
      Buffer.from(line.repeat(start === 0 ? 3 : 2)),
    ]);

    expect(await client.logs(1, 0, 3)).toMatchObject({ lines: 3, more: true });
    expect(await client.logs(1, 3, 3)).toMatchObject({ lines: 2, more: false });
  });

  it.each([
    [
      'block-style YAML',
      '- dt: 2026-08-21T15:20:01\n  lvl: target\n  msg: a\n- dt: x\n  lvl: target\n  msg: b\n',
    ],
    [
      'JSON',
      '[{"dt": "2026-08-21T15:20:01", "lvl": "target", "msg": "a"}, {"dt": "x", "lvl": "info", "msg": "b"}]',
    ],
  ])('counts the records of a server that dumps %s from its database', async (_name, dump) => {
    const { client } = await canned(() => [true, Buffer.from(dump)]);

    expect(await client.logs(1, 0, 10)).toEqual({ finished: true, text: dump, lines: 2, more: false });
  });

  it('asks for fewer lines when they are too many bytes', async () => {
    const { client, calls } = await canned(
      (_method, [, start, end]) => [true, Buffer.from('x\n'.repeat(Number(end) - Number(start)))],
      { maxBytes: 5000 },
    );

    expect(await client.logs(1, 100, 20_000)).toMatchObject({ lines: 313 });
    expect(calls.map(([, , start, end]) => [start, end])).toEqual([
      [100, 20_100],
      [100, 2600],
      [100, 413],
    ]);
  });
});

const Text = z.object({ value: z.string() });
/** Those of a multicall. */
const Calls = z.array(z.object({ methodName: z.string() }));

describe('fetching results', () => {
  it('gets thousands of cases in pages', async () => {
    const { lava, client } = await simulate();
    const id = await client.submit(definition('many-cases'));
    await eventually(() => expect(lava.lab.jobs.get(id)?.state).toBe('Finished'));

    const results = await client.fetchResults(id);

    expect(Object.keys(results)).toEqual(['lava', '0_suite']);
    const names = results['0_suite']?.match(/^  name: .*$/gm) ?? [];
    expect(names).toEqual(Array.from({ length: 1100 }, (_, i) => `  name: case-${i}`));
    expect(lava.calls.get('system.multicall')).toBe(4);
  });

  it('needs two requests for most jobs, one for a job without results', async () => {
    const { lava, client } = await simulate();
    lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const id = await client.submit(definition('pass'));
    expect(await client.fetchResults(id)).toEqual({});
    lava.lab.setWorker('lab-worker', { state: 'Online' });
    await eventually(() => expect(lava.lab.jobs.get(id)?.state).toBe('Finished'));
    const before = lava.requests.length;

    expect(Object.keys(await client.fetchResults(id))).toEqual(['lava', '0_suite']);
    expect(lava.requests.length - before).toBe(2);
  });

  it('needs one request for suites that are known before, and leaves out those that are not there', async () => {
    const { lava, client } = await simulate();
    const id = await client.submit(definition('pass'));
    await eventually(() => expect(lava.lab.jobs.get(id)?.state).toBe('Finished'));
    const all = await client.fetchResults(id);
    const before = lava.requests.length;

    expect(await client.fetchResults(id, ['lava', '0_suite', '1_never-run'])).toEqual(all);
    expect(lava.requests.length - before).toBe(1);
    expect(await client.fetchResults(id, ['lava', 'constructor'])).toEqual(all);
    expect(lava.requests.length - before).toBe(3);
  });

  it('gets further pages and suites besides those that are known before', async () => {
    const { lava, client } = await simulate();
    const id = await client.submit(definition('many-cases'));
    await eventually(() => expect(lava.lab.jobs.get(id)?.state).toBe('Finished'));

    const [guessed, all] = [await client.fetchResults(id, ['0_suite']), await client.fetchResults(id)];

    expect(guessed).toEqual(all);
  });

  it('reads the names of suites as the real LAVA lists them', async () => {
    const { value: list } = Text.parse(await decodeAnswer(await fixture('results.testsuites-list')));
    const { client } = await canned((_method, [calls]) =>
      Calls.parse(calls).map(({ methodName }) => [
        methodName === 'results.get_testjob_suites_list_yaml' ? list : "- id: '1'\n",
      ]),
    );

    expect(Object.keys(await client.fetchResults(2))).toEqual(['lava', '0_smoke', '1_second-suite']);
  });
});

describe('looking for a mark', () => {
  it('finds own jobs newest first over pages, and stops at a job that is older', async () => {
    const { lava, client } = await simulate();
    lava.lab.setWorker('lab-worker', { state: 'Offline' });
    for (let i = 1; i <= 230; i++)
      await client.submit(definition('pass', i % 100 === 5 ? `marked ${i}` : 'other'));
    const before = lava.requests.length;

    expect(await client.findByMark('marked')).toMatchObject({ ids: [205, 105, 5], complete: true });
    expect(lava.requests.length - before).toBe(3);
    expect(await client.findByMark('marked', { sinceId: 105 })).toMatchObject({ ids: [205], complete: true });
    expect(lava.requests.length - before).toBe(5);
  });

  it('says when it did not see all', async () => {
    let id = 1_000_000;
    const { client, calls } = await canned(() =>
      Array.from({ length: 100 }, () => ({ id: id--, description: 'x', submitter: 'bridge' })),
    );

    expect(await client.findByMark('mark')).toMatchObject({ ids: [], complete: false });
    expect(calls).toHaveLength(50);
  });

  it('takes no job of somebody else, and no part of a multinode job', async () => {
    const { client } = await canned(() => [
      { id: 3, description: 'my mark', submitter: 'other' },
      { id: '2.0', description: 'my mark', submitter: 'bridge' },
      { id: 1, description: 'my mark', submitter: 'bridge' },
    ]);

    expect(await client.findByMark('mark')).toMatchObject({ ids: [1], complete: true });
  });
});

describe('the facts of a lab', () => {
  it('are asked for in two requests, without what vanished in between', async () => {
    const { lava, client } = await simulate();
    const before = lava.requests.length;
    expect((await client.facts()).workers).toHaveLength(1);
    expect(lava.requests.length - before).toBe(2);

    const answers: WireValue[] = [
      [[[]], [['w1', 'gone']], [[{ name: 'hidden', description: '' }]], [{ qemu: 2 }]],
      [
        [{ hostname: 'w1', state: 'Online', health: 'Active', devices: [], job_limit: 0, last_ping: null }],
        { faultCode: 404, faultString: "Worker 'gone' was not found." },
        { faultCode: 404, faultString: "Tag 'hidden' was not found." },
      ],
    ];
    const { client: other } = await canned(() => answers.shift() ?? null);
    expect(await other.facts()).toEqual({
      devices: [],
      workers: [
        { name: 'w1', state: 'Online', health: 'Active', devices: [], jobLimit: 0, lastPingAt: undefined },
      ],
      unseenWorkers: new Map(),
      tags: new Map(),
      queued: new Map([['qemu', 2]]),
    });
  });

  it('name the worker of a device if the user may not see it, as the list of workers does not', async () => {
    const { lava, client } = await simulate();
    lava.lab.setWorker('lab-worker', { hidden: true });

    const { workers, unseenWorkers } = await client.facts();

    expect(workers).toEqual([]);
    expect(unseenWorkers.get('qemu-01')).toBe('lab-worker');
  });

  it('fail as a whole when LAVA fails on a part', async () => {
    const { client } = await canned(() => [
      [[]],
      { faultCode: -32603, faultString: 'Internal Server Error (…): timeout' },
      [[]],
      [{}],
    ]);

    await expect(client.facts()).rejects.toMatchObject({ name: 'TemporaryError', code: 'lava_internal' });
  });
});

it('reads the settings of those devices that may be seen', async () => {
  const { client, calls } = await canned(() => [
    [Buffer.from('actions: {boot: {methods: {u-boot: }}}\n')],
    { faultCode: 403, faultString: 'User has no view permission' },
    { faultCode: 404, faultString: "Device 'gone' was not found." },
  ]);

  const settings = await client.deviceSettings(['rpi-01', 'hidden', 'gone']);

  expect([...settings]).toEqual([['rpi-01', 'actions: {boot: {methods: {u-boot: }}}\n']]);
  expect(calls).toEqual([
    [
      'system.multicall',
      ['rpi-01', 'hidden', 'gone'].map((name) => ({
        methodName: 'scheduler.devices.get_dictionary',
        params: [name, true],
      })),
    ],
  ]);
});

it('takes an address with /RPC2 or a slash at its end as well', async () => {
  const { lava } = await simulate();

  for (const url of [`${lava.url}/`, `${lava.url}/RPC2`, `${lava.url}/RPC2/`]) {
    expect(await createLavaClient({ url, timeoutMs: 5000 }).version()).toBe('2023.01');
  }
});
