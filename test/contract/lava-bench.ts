// What the contract's tests work with: a lab, a client of it, and all that the lab sends by itself.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { createLavaClient, type LavaClient, type ShownJob } from '../../src/lava/client.ts';
import { followLavaEvents, type LavaEvent } from '../../src/lava/events.ts';
import type { LavaJobInfo } from '../../src/lava/model.ts';
import { AGES, type AgeFacts, type LavaAge } from '../../src/sim/lava/age.ts';

/** A lab with devices of type `qemu`, one of them tagged `lab-tag`, a type `qemu-empty` without any, a tag `slow`. */
export interface ContractLab {
  /** Which LAVA it is: what the contract asks of it depends on that. */
  age: LavaAge;
  url: string;
  eventsUrl: string;
  user: string;
  token: string;
  /** Somebody else. */
  other: { user: string; token: string };
  callback: { name: string; token: string };
  /** The URL of a kernel for a job that is to end that way; real kernels get it by their command line. */
  kernelUrl: (kind: JobKind) => string;
  ramdiskUrl: string;
  stop: () => Promise<void>;
}

type JobKind = 'pass' | 'deploy-404' | 'boot-panic' | 'long' | 'expected' | 'expected-404';

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
  expected: ['lava-test-case came --result pass', 'lava-test-case unasked --result pass'],
  'expected-404': ['lava-test-case came --result pass'],
  long: ['lava-test-case started --result pass', 'for i in $(seq 1 240); do echo tick $i; sleep 1; done'],
};

/** A callback as it came. */
interface Received {
  headers: Record<string, unknown>;
  body: Record<string, unknown> & { id: number; log?: string; results: Record<string, string> };
  /** What `show` said before the callback was answered. */
  shown: ShownJob | undefined;
}

export interface Bench {
  lab: ContractLab;
  age: AgeFacts;
  client: LavaClient;
  /** All events since the bench was opened. */
  events: LavaEvent[];
  /** A definition whose job name contains the mark, with `more` at its top level. */
  definition: (kind: JobKind, mark: string, more?: Record<string, unknown>) => string;
  info: (id: number) => Promise<LavaJobInfo>;
  /** Polls until the job is in one of those states. */
  until: (id: number, ...states: string[]) => Promise<LavaJobInfo>;
  /** Waits for the event that the job has ended. */
  untilEnd: (id: number) => Promise<void>;
  /** The job's callbacks so far. */
  callbacks: (id: number) => Received[];
  /** Waits until the job has that many callbacks; gives the last one. */
  callback: (id: number, count: number) => Promise<Received>;
  /** The states of the job that events reported. */
  states: (id: number) => string[];
  close: () => Promise<void>;
}

/** Opens a lab, listens to its events, and takes its callbacks. */
export async function openBench(open: () => Promise<ContractLab>): Promise<Bench> {
  const lab = await open();
  const client = createLavaClient({ ...lab, timeoutMs: 20_000 });
  const received: Received[] = [];
  const events: LavaEvent[] = [];

  async function receive(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Received['body'];
    const shown = (await client.show([body.id])).get(body.id);
    received.push({ headers: request.headers, body, shown });
  }

  const receiver = createServer((request, response) => {
    void receive(request).then(() => response.end());
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const address = receiver.address();
  const hook = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}/hook` : '';

  let stopEvents = (): void => {};
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

  async function info(id: number): Promise<LavaJobInfo> {
    const shown = (await client.show([id])).get(id);
    if (shown?.kind !== 'job') throw new Error(`job ${id}: ${shown?.reason}`);
    return shown.job;
  }

  const states = (id: number): string[] =>
    events.flatMap((e) => (e.kind === 'job' && e.id === id ? [e.state] : []));
  const callbacks = (id: number): Received[] => received.filter(({ body }) => body.id === id);

  return {
    lab,
    age: AGES[lab.age],
    client,
    events,
    definition: (kind, mark, more = {}) => JSON.stringify({ ...jobOf(lab, hook, kind, mark), ...more }),
    info,
    until: async (id, ...states) => {
      for (;;) {
        const job = await info(id);
        if (states.includes(job.state)) return job;
        if (job.state === 'Finished') throw new Error(`job ${id} ended before it was ${states.join(' or ')}`);
        await sleep(50);
      }
    },
    untilEnd: async (id) => {
      while (!states(id).includes('Finished')) await sleep(20);
    },
    callbacks,
    callback: async (id, count) => {
      for (;;) {
        const found = callbacks(id)[count - 1];
        if (found) return found;
        await sleep(20);
      }
    },
    states,
    close: async () => {
      stopEvents();
      receiver.close();
      receiver.closeAllConnections();
      await lab.stop();
    },
  };
}

function jobOf(lab: ContractLab, hook: string, kind: JobKind, mark: string): Record<string, unknown> {
  const panics = kind === 'boot-panic' ? '-no-reboot ' : '';
  const append = kind === 'boot-panic' ? 'panic=1 rdinit=/no-such-init' : 'panic=5';
  const kernel = {
    image_arg: `${panics}-kernel {kernel} -append "console=ttyS0 ${append}"`,
    url: lab.kernelUrl(kind),
  };
  const ramdisk = {
    image_arg: '-initrd {ramdisk}',
    url: lab.ramdiskUrl,
    compression: 'gz',
    format: 'cpio.newc',
    overlays: { lava: true },
  };
  return {
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
      { deploy: { to: 'tmpfs', os: 'oe', images: { kernel, ramdisk } } },
      { boot: { method: 'qemu', media: 'tmpfs', prompts: ['lava-qemu#'], timeout: { minutes: 3 } } },
      {
        test: {
          timeout: { minutes: 5 },
          definitions: [
            suite('smoke', STEPS[kind], EXPECTED.get(kind)),
            suite('second', ['lava-test-case only --shell true']),
          ],
        },
      },
    ],
  };
}

/** What the first suite's definition says is to come. */
const EXPECTED: ReadonlyMap<JobKind, string[]> = new Map([
  ['expected', ['came', 'never-came']],
  ['expected-404', ['came']],
]);

function suite(name: string, steps: string[], expected?: string[]): unknown {
  return {
    ...(expected === undefined ? {} : { expected }),
    from: 'inline',
    name,
    path: `inline/${name}.yaml`,
    repository: {
      metadata: { format: 'Lava-Test Test Definition 1.0', name, description: name },
      run: { steps },
    },
  };
}

/** A word that is in no other job's name. */
export function newMark(): string {
  return `m${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
}

/** A test case as LAVA exports it. */
export interface Exported {
  id: string;
  name: string;
  result: string;
  suite: string;
  measurement: string;
  unit: string;
  log_start_line: string;
  log_end_line: string;
  metadata: Record<string, unknown>;
}

/** Reads LAVA's YAML of results; in the order in which LAVA stored them. */
export function records(text: string | undefined): Exported[] {
  const exported = parse(text ?? '[]', { schema: 'failsafe' }) as Exported[];
  return exported.toSorted((a, b) => Number(a.id) - Number(b.id));
}
