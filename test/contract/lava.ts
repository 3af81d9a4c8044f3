// What the bridge relies on in a LAVA, told once and run against the simulator and against a real lab: where they
// differ, the simulator is wrong.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLavaClient, type LavaClient, type ShownJob } from '../../src/lava/client.ts';
import { followLavaEvents, type LavaEvent } from '../../src/lava/events.ts';
import { readInventory, supplyOf } from '../../src/lava/inventory.ts';

/** A lab with devices of type `qemu`, one of them tagged `lab-tag`, a type `qemu-empty` without any, a tag `slow`. */
export interface ContractLab {
  url: string;
  eventsUrl: string;
  user: string;
  token: string;
  /** Somebody else. */
  other: { user: string; token: string };
  callback: { name: string; token: string };
  /** The URL of a kernel for a job that is to end that way; real kernels are told by their command line. */
  kernelUrl: (kind: JobKind) => string;
  ramdiskUrl: string;
  stop: () => Promise<void>;
}

export type JobKind = 'pass' | 'deploy-404' | 'boot-panic' | 'long';

const STEPS: Record<JobKind, string[]> = {
  pass: [
    'lava-test-case pass-by-command --shell true',
    'lava-test-case fail-by-command --shell false',
    'lava-test-case skipped --result skip',
    'lava-test-case unknown --result unknown',
    'lava-test-case measured --result pass --measurement 2.45 --units ms',
    'lava-test-set start set-one',
    'lava-test-case in-set --result fail',
    'lava-test-set stop',
  ],
  'deploy-404': ['lava-test-case never-run --result pass'],
  'boot-panic': ['lava-test-case never-run --result pass'],
  long: ['lava-test-case started --result pass', 'for i in $(seq 1 240); do echo tick $i; sleep 1; done'],
};

/** What comes of `pass`, as LAVA exports it: name, result, measurement, unit, set. */
const CASES = [
  ['pass-by-command', 'pass', 'None', '', undefined],
  ['fail-by-command', 'fail', 'None', '', undefined],
  ['skipped', 'skip', 'None', '', undefined],
  ['unknown', 'unknown', 'None', '', undefined],
  ['measured', 'pass', '2.45000000000000017763568394003', 'ms', undefined],
  ['in-set', 'fail', 'None', '', 'set-one'],
];

interface Received {
  headers: Record<string, unknown>;
  body: Record<string, unknown> & { id: number; log?: string; results: Record<string, string> };
  /** What `show` said before the callback was answered. */
  shown: ShownJob | undefined;
}

/** Defines the contract's tests. `waitMs`: how long a job may take. */
export function describeLava(title: string, open: () => Promise<ContractLab>, waitMs: number): void {
  describe(title, { timeout: waitMs }, () => {
    let lab: ContractLab;
    let client: LavaClient;
    let receiver: Server;
    let hook = '';
    const received: Received[] = [];
    const events: LavaEvent[] = [];
    let stopEvents: () => void;

    async function receive(request: IncomingMessage): Promise<void> {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Received['body'];
      const shown = (await client.show([body.id])).get(body.id);
      received.push({ headers: request.headers, body, shown });
    }

    beforeAll(async () => {
      lab = await open();
      client = createLavaClient({ ...lab, timeoutMs: 20_000 });
      receiver = createServer((request, response) => {
        void receive(request).then(() => response.end());
      }).listen(0, '127.0.0.1');
      await once(receiver, 'listening');
      const address = receiver.address();
      hook = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}/hook` : '';
      await new Promise<void>((resolve) => {
        const stream = followLavaEvents({
          url: lab.eventsUrl,
          onEvent: (event) => events.push(event),
          onConnected: resolve,
          onLost: () => {},
          onQuiet: () => {},
        });
        stopEvents = stream.stop;
      });
    }, waitMs);

    afterAll(async () => {
      stopEvents();
      receiver.close();
      receiver.closeAllConnections();
      await lab.stop();
    });

    function definition(kind: JobKind, mark: string, more: Record<string, unknown> = {}): string {
      const panics = kind === 'boot-panic' ? '-no-reboot ' : '';
      const append = kind === 'boot-panic' ? 'panic=1 rdinit=/no-such-init' : 'panic=5';
      return JSON.stringify({
        job_name: `contract ${mark}`,
        device_type: 'qemu',
        visibility: 'public',
        priority: 'high',
        timeouts: { job: { minutes: 10 }, action: { minutes: 5 }, connection: { minutes: 2 } },
        context: { arch: 'amd64' },
        metadata: { build: '42' },
        notify: {
          criteria: { status: 'all' },
          callbacks: [
            { url: hook, method: 'POST', dataset: 'all', 'content-type': 'json', token: lab.callback.name },
          ],
        },
        actions: [
          {
            deploy: {
              to: 'tmpfs',
              os: 'oe',
              images: {
                kernel: {
                  image_arg: `${panics}-kernel {kernel} -append "console=ttyS0 ${append}"`,
                  url: lab.kernelUrl(kind),
                },
                ramdisk: {
                  image_arg: '-initrd {ramdisk}',
                  url: lab.ramdiskUrl,
                  compression: 'gz',
                  format: 'cpio.newc',
                  overlays: { lava: true },
                },
              },
            },
          },
          { boot: { method: 'qemu', media: 'tmpfs', prompts: ['lava-qemu#'], timeout: { minutes: 3 } } },
          {
            test: {
              timeout: { minutes: 5 },
              definitions: [
                suite('smoke', STEPS[kind]),
                suite('second', ['lava-test-case only --shell true']),
              ],
            },
          },
        ],
        ...more,
      });
    }

    async function info(id: number) {
      const shown = (await client.show([id])).get(id);
      if (shown?.kind !== 'job') throw new Error(`job ${id}: ${shown?.reason}`);
      return shown.job;
    }

    async function until(id: number, state: string) {
      for (;;) {
        const job = await info(id);
        if (job.state === state) return job;
        if (job.state === 'Finished') throw new Error(`job ${id} ended before it was ${state}`);
        await sleep(50);
      }
    }

    const of = (id: number): Received[] => received.filter(({ body }) => body.id === id);

    /** Waits for what LAVA sends by itself. */
    async function untilThere<T>(find: () => T | undefined): Promise<T> {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        await sleep(20);
      }
    }

    const finishedEvent = (id: number): Promise<LavaEvent> =>
      untilThere(() => events.find((e) => e.kind === 'job' && e.id === id && e.state === 'Finished'));

    const mark = (): string => `m${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;

    it('says who we are, which version it is, and whether it sends events', async () => {
      expect(await client.whoami()).toBe(lab.user);
      expect(await client.version()).toMatch(/^\d{4}\.\d{2}/);
      expect(await client.masterConfig()).toEqual({ events: true, topic: 'org.lavasoftware' });
      const anonymous = createLavaClient({ url: lab.url, timeoutMs: 20_000 });
      expect(await anonymous.whoami()).toBeUndefined();
    });

    it('refuses wrong credentials and none', async () => {
      const wrong = createLavaClient({ url: lab.url, user: lab.user, token: 'wrong', timeoutMs: 20_000 });
      const none = createLavaClient({ url: lab.url, timeoutMs: 20_000 });

      await expect(wrong.whoami()).rejects.toMatchObject({ name: 'PermanentError', code: 'lava_auth' });
      await expect(none.submit(definition('pass', 'x'))).rejects.toMatchObject({ code: 'lava_auth' });
    });

    it.each<[string, Record<string, unknown> | string, RegExp]>([
      [
        'YAML that is none',
        'job_name: [unclosed\n  x: {',
        /Problem with submitted job data: Loading job submission failed/,
      ],
      ['a list', '[]', /Problem with submitted job data: expected a dictionary/],
      ['nothing', '', /Problem with submitted job data: expected a dictionary/],
      ['no visibility', { visibility: undefined }, /required key not provided @ data\['visibility'\]/],
      ['an unknown key', { extra_key: 1 }, /extra keys not allowed @ data\['extra_key'\]/],
      [
        'unknown context',
        { context: { no_such: 1 } },
        /extra keys not allowed @ data\['context'\]\['no_such'\]/,
      ],
      [
        'deep metadata',
        { metadata: { a: { b: 1 } } },
        /expected str for dictionary value @ data\['metadata'\]\['a'\]/,
      ],
      ['a priority above 100', { priority: 101 }, /Invalid job priority: 101. Should be in \[0, 100\]/],
      [
        'a name of 201 letters',
        { job_name: 'x'.repeat(201) },
        /length of value must be at most 200 for dictionary value @ data\['job_name'\]/,
      ],
      ['no device type', { device_type: undefined }, /Internal Server Error .*: 'device_type'/],
      [
        'an unknown device type',
        { device_type: 'no-such' },
        /Device unavailable: Device type 'no-such' is unavailable\./,
      ],
      [
        'a type without devices',
        { device_type: 'qemu-empty' },
        /No devices of type qemu-empty are available\./,
      ],
      ['an unknown tag', { tags: ['no-such'] }, /Device tag 'no-such' does not exist in the database\.\./],
      [
        'a tag that no device has',
        { tags: ['slow'] },
        /No devices of type qemu are available which have all of the tags 'slow'\./,
      ],
    ])('refuses %s in its own words', async (_what, change, words) => {
      const text = typeof change === 'string' ? change : definition('pass', 'refused', change);

      await expect(client.submit(text)).rejects.toMatchObject({
        name: 'RequestError',
        code: 'lava_refused',
        message: expect.stringMatching(words),
      });
    });

    it('validates by another schema than it submits by', async () => {
      expect(await client.validate(definition('pass', 'x'), true)).toBeUndefined();
      expect(await client.validate(definition('pass', 'x', { visibility: undefined }), false)).toEqual({
        path: "['visibility']",
        message: 'required key not provided',
      });
      const extra = definition('pass', 'x', { extra_key: 1 });
      expect(await client.validate(extra, false)).toBeUndefined();
      expect(await client.validate(extra, true)).toEqual({
        path: "['extra_key']",
        message: 'extra keys not allowed',
      });
      expect(await client.validate('job_name: [unclosed\n  x: {', false)).toMatchObject({
        message: expect.stringContaining('in "<unicode string>", line'),
      });
    });

    it('knows nothing of a job that is not there', async () => {
      const missing = 2_000_000_000;

      expect((await client.show([missing])).get(missing)).toMatchObject({ kind: 'missing' });
      for (const call of [
        () => client.logs(missing, 0, 10),
        () => client.fetchResults(missing),
        () => client.definition(missing),
        () => client.cancel(missing),
      ]) {
        await expect(call()).rejects.toMatchObject({ name: 'PermanentError', code: 'lava_not_found' });
      }
    });

    it('tells of its devices, workers, tags and queue', async () => {
      const inventory = await readInventory(client);

      const tagged = supplyOf(inventory, 'qemu', ['lab-tag']);
      expect(tagged).toMatchObject({ total: 1, online: 1, queued: expect.any(Number) });
      expect(supplyOf(inventory, 'qemu', ['slow'])).toMatchObject({ total: 0 });
      expect(supplyOf(inventory, 'qemu').total).toBeGreaterThan(1);
      const types = (await client.deviceTypes()).map(({ name }) => name);
      expect(types).toEqual(expect.arrayContaining(['qemu', 'qemu-arm64', 'qemu-empty']));
    });

    describe('a job that passes', { timeout: waitMs }, () => {
      let id: number;
      let text: string;
      let name: string;
      let logAtOnce: unknown;

      beforeAll(async () => {
        name = mark();
        text = definition('pass', name);
        id = await client.submit(text);
        logAtOnce = await client.logs(id, 0, 10);
        await finishedEvent(id);
        await until(id, 'Finished');
      }, waitMs);

      it('is shown with its end', async () => {
        const job = await info(id);

        expect(job).toMatchObject({
          id,
          state: 'Finished',
          health: 'Complete',
          description: `contract ${name}`,
          submitter: lab.user,
          deviceType: 'qemu',
          device: expect.stringMatching(/^qemu-/),
          tags: [],
          submittedAt: expect.any(Number),
          startedAt: expect.any(Number),
          finishedAt: expect.any(Number),
          failureComment: undefined,
        });
        const [submitted = 0, started = 0, finished = 0] = [job.submittedAt, job.startedAt, job.finishedAt];
        expect([submitted, started, finished].toSorted((a, b) => a - b)).toEqual([
          submitted,
          started,
          finished,
        ]);
        expect(Math.abs(Date.now() - finished)).toBeLessThan(600_000);
      });

      it('has two callbacks, each sent before the job is saved', () => {
        const words = of(id).map(({ body, shown }) => [
          body['state_string'],
          body['health_string'],
          body['status_string'],
          shown?.kind === 'job' ? shown.job.state : shown?.reason,
        ]);

        expect(words).toEqual([
          ['Running', 'Unknown', 'running', 'Scheduled'],
          ['Finished', 'Complete', 'complete', 'Running'],
        ]);
      });

      it('carries the token in header and body, and LAVA 2023.01 keys', () => {
        const [running, finished] = of(id);
        const keys = [
          'actual_device_id,definition,description,end_time,failure_comment,health,health_string,id,metadata,',
          'priority,results,start_time,state,state_string,status,status_string,submit_time,submitter_username,token',
        ].join('');

        expect(
          Object.keys(running?.body ?? {})
            .toSorted()
            .join(),
        ).toBe(keys);
        expect(
          Object.keys(finished?.body ?? {})
            .toSorted()
            .join(),
        ).toBe(keys.replace('id,metadata', 'id,log,metadata'));
        for (const { headers, body } of of(id)) {
          expect(headers).toMatchObject({
            authorization: lab.callback.token,
            'content-type': 'application/json',
          });
          expect(body).toMatchObject({
            id,
            token: lab.callback.token,
            end_time: 'None',
            metadata: [],
            priority: 100,
            failure_comment: null,
            submitter_username: lab.user,
            description: `contract ${name}`,
            actual_device_id: expect.stringMatching(/^qemu-/),
            submit_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?\+00:00$/),
          });
          expect(parse(String(body['definition']))).toEqual(parse(text));
          expect(String(body['definition'])).toMatch(/^actions:\n- deploy:\n/);
        }
        expect([running?.body['start_time'], running?.body.results]).toEqual(['None', {}]);
        expect([running?.body['status'], running?.body['state'], running?.body['health']]).toEqual([1, 3, 0]);
        expect([finished?.body['status'], finished?.body['state'], finished?.body['health']]).toEqual([
          2, 5, 1,
        ]);
      });

      it('has the results that its steps tell', () => {
        const results = of(id)[1]?.body.results ?? {};

        expect(Object.keys(results).toSorted()).toEqual(['0_smoke', '1_second', 'lava']);
        expect(
          records(results['0_smoke']).map((r) => [
            r.name,
            r.result,
            r.measurement,
            r.unit,
            r.metadata['set'],
          ]),
        ).toEqual(CASES);
        expect(records(results['1_second'])).toMatchObject([
          { name: 'only', result: 'pass', suite: '1_second' },
        ]);
        const own = records(results['lava']).map((r) => r.name);
        expect(own[0]).toBe('validate');
        expect(own.at(-1)).toBe('job');
        expect(own).toEqual(
          expect.arrayContaining([
            'test-overlay',
            'http-download',
            'execute-qemu',
            'kernel-messages',
            'login-action',
            '0_smoke',
            '1_second',
          ]),
        );
        for (const record of records(results['0_smoke'])) {
          expect(Object.keys(record).toSorted()).toEqual(
            'id,job,level,log_end_line,log_start_line,logged,measurement,metadata,name,result,suite,unit,url'.split(
              ',',
            ),
          );
        }
      });

      it('gives the same results when they are fetched', async () => {
        const told = of(id)[1]?.body.results ?? {};

        const fetched = await client.fetchResults(id);

        // A callback's order is the database's own.
        expect(Object.keys(fetched).toSorted()).toEqual(Object.keys(told).toSorted());
        for (const [suite, text] of Object.entries(fetched))
          expect(records(text)).toEqual(records(told[suite]));
      });

      it('gives the same log in parts, and nothing before it began', async () => {
        let log = '';
        let lines = 0;
        for (;;) {
          const part = await client.logs(id, lines, 200);
          log += part.text;
          lines += part.lines;
          expect(part.finished).toBe(true);
          if (part.lines === 0) break;
        }

        expect(logAtOnce).toEqual({ finished: false, text: '', lines: 0 });
        expect(log).toBe(of(id)[1]?.body.log);
        expect(log.split('\n').filter((line) => line !== '' && !LOG_LINE.test(line))).toEqual([]);
      });

      it('has a console with the kernel, the signals and the cases where the results say', () => {
        const lines = (of(id)[1]?.body.log ?? '').split('\n');

        expect(
          lines.findIndex((l) => /"target".*\[    0\.000000\] Linux version \d/.test(l)),
        ).toBeGreaterThan(0);
        const results = records(of(id)[1]?.body.results['0_smoke']);
        const first = results.find(({ name }) => name === 'pass-by-command');
        expect(lines[Number(first?.log_start_line)]).toContain('<STARTTC> pass-by-command');
        expect(lines[Number(first?.log_end_line)]).toContain('<ENDTC> pass-by-command');
        const told = results.find(({ name }) => name === 'skipped');
        expect(told?.log_start_line).toBe(told?.log_end_line);
        expect(lines[Number(told?.log_start_line)]).toContain('<TESTCASE> TEST_CASE_ID=skipped RESULT=skip');
        for (const signal of ['STARTRUN 0_smoke', 'ENDRUN 0_smoke', 'STARTRUN 1_second', 'ENDRUN 1_second']) {
          expect(lines.some((l) => l.includes(`"target", "msg": "<LAVA_SIGNAL_${signal} ${id}_`))).toBe(true);
        }
      });

      it('has its events in order', () => {
        const states = events.flatMap((e) => (e.kind === 'job' && e.id === id ? [e.state] : []));

        expect(states).toEqual(['Submitted', 'Scheduled', 'Running', 'Finished']);
        expect(events.findLast((e) => e.kind === 'job' && e.id === id)).toEqual({
          kind: 'job',
          at: expect.any(Number),
          id,
          state: 'Finished',
          health: 'Complete',
          device: expect.stringMatching(/^qemu-/),
          submitter: lab.user,
          description: `contract ${name}`,
        });
      });

      it('is found by its mark, and keeps its definition', async () => {
        expect(await client.findByMark(name)).toEqual({ ids: [id], complete: true });
        expect(await client.findByMark(name, id)).toEqual({ ids: [], complete: true });
        const other = createLavaClient({ url: lab.url, timeoutMs: 20_000, ...lab.other });
        expect((await other.findByMark(name)).ids).toEqual([]);
        expect(await client.definition(id)).toBe(text);
      });

      it('may be cancelled after its end, to no effect', async () => {
        await client.cancel(id);

        expect(await info(id)).toMatchObject({ state: 'Finished', health: 'Complete' });
      });
    });

    it('ends a job without its kernel as an error of the job', async () => {
      const id = await client.submit(definition('deploy-404', mark()));
      await finishedEvent(id);
      const { body } = await untilThere(() => of(id)[1]);

      expect(await until(id, 'Finished')).toMatchObject({ health: 'Incomplete' });
      expect(body).toMatchObject({ status: 3, status_string: 'incomplete', health_string: 'Incomplete' });
      expect(records(body.results['lava'])).toMatchObject([
        { name: 'validate', result: 'fail' },
        {
          name: 'job',
          result: 'fail',
          metadata: {
            error_type: 'Job',
            error_msg: expect.stringMatching(
              /^Invalid job data: \["Resource unavailable at '.*' \(404\)"\]\n$/,
            ),
          },
        },
      ]);
    });

    it('calls a panic at boot a failure of the infrastructure', async () => {
      const id = await client.submit(definition('boot-panic', mark()));
      await finishedEvent(id);
      const { body } = await untilThere(() => of(id)[1]);

      const own = records(body.results['lava']);
      expect(own.slice(-4)).toMatchObject([
        { name: 'login-action', result: 'fail', metadata: { extra: [{ fail: 'Connection closed' }] } },
        { name: 'auto-login-action', result: 'fail' },
        { name: 'boot-image-retry', result: 'fail' },
        {
          name: 'job',
          result: 'fail',
          metadata: { error_type: 'Infrastructure', error_msg: 'Connection closed' },
        },
      ]);
      expect(body.log).toMatch(/"lvl": "target", "msg": "\[ +\d+\.\d+\] Kernel panic - not syncing: VFS: /);
      expect(Object.keys(body.results)).toEqual(['lava']);
    });

    it('cancels a running job and a waiting one', async () => {
      const tags = { tags: ['lab-tag'] };
      const running = await client.submit(definition('long', mark(), tags));
      const waiting = await client.submit(definition('long', mark(), tags));
      await until(running, 'Running');
      const other = createLavaClient({ url: lab.url, timeoutMs: 20_000, ...lab.other });
      await expect(other.cancel(waiting)).rejects.toMatchObject({ code: 'lava_forbidden' });
      await expect.poll(async () => (await client.logs(running, 0, 10)).lines, { timeout: waitMs }).toBe(10);

      await client.cancel(waiting);
      await client.cancel(running);

      expect(await info(waiting)).toMatchObject({ state: 'Finished', health: 'Canceled', device: undefined });
      expect(of(waiting)).toMatchObject([
        {
          body: {
            state_string: 'Finished',
            status: 4,
            actual_device_id: null,
            start_time: 'None',
            results: {},
          },
        },
      ]);
      expect(of(waiting)[0]?.body).not.toHaveProperty('log');
      await finishedEvent(running);
      expect(await info(running)).toMatchObject({ state: 'Finished', health: 'Canceled' });
      const { body } = await untilThere(() => of(running)[1]);
      expect(body).toMatchObject({ status: 4, health_string: 'Canceled' });
      expect(records(body.results['lava']).at(-1)).toMatchObject({
        name: 'job',
        metadata: { error_type: 'Canceled', error_msg: 'The job was canceled' },
      });
      const states = events.flatMap((e) => (e.kind === 'job' && e.id === running ? [e.state] : []));
      expect(states).toEqual(['Submitted', 'Scheduled', 'Running', 'Canceling', 'Finished']);
      await client.cancel(running);
    });
  });
}

const LOG_LINE =
  /^- \{"dt": "[^"]+", "lvl": "[a-z]+", "msg": ("(?:[^"\\]|\\.)*"|\{.*\}|\[.*\]|! "[^"]*")(?:, "ns": "[^"]*")?\}$/;

function suite(name: string, steps: string[]): unknown {
  return {
    from: 'inline',
    name,
    path: `inline/${name}.yaml`,
    repository: {
      metadata: { format: 'Lava-Test Test Definition 1.0', name, description: name },
      run: { steps },
    },
  };
}

interface Exported {
  name: string;
  result: string;
  suite: string;
  measurement: string;
  unit: string;
  id: string;
  log_start_line: string;
  log_end_line: string;
  metadata: Record<string, unknown>;
}

/** In the order in which LAVA stored them. */
function records(text: string | undefined): Exported[] {
  const exported = parse(text ?? '[]', { schema: 'failsafe' }) as Exported[];
  return exported.toSorted((a, b) => Number(a.id) - Number(b.id));
}
