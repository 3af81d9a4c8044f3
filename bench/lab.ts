// The daemon on a real LAVA with played devices: how many jobs a minute come through it, against the same jobs submitted to the same
// LAVA by a program that does nothing else, each way for MINUTES; what the daemon takes for a job; and how long after LAVA's end of a job
// its report is accepted. LAVA, devices, daemon and simulators share the machine. Prints a table, and the same as a line of JSON.
// Needs root on Debian 12 and a build, as `npm run chaos` does: the lab is its own, and is taken down in the end.
//
//   node bench/lab.ts [MINUTES] [--lab 2023.01|newest] [--devices 50] [--state FOLDER] [--profile FOLDER]      (3)
//
// With --profile the daemon writes a profile of its processor time there when it ends.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { MINUTE, SECOND, sleep } from '../src/core/time.ts';
import { createLavaClient, type LavaClient } from '../src/lava/client.ts';
import { checkEnd, type Finding } from '../test/chaos/check.ts';
import type { Lab, LavaJob } from '../test/chaos/lab.ts';
import { callsPerJob, latencies, measure } from '../test/chaos/measure.ts';
import { printTable, quantile, spread, type Row } from '../test/chaos/table.ts';
import {
  CASES,
  IN_LAVA,
  JOB,
  keepBusy,
  labWork,
  pause,
  pidOf,
  processorNow,
  profileDaemons,
  startBridge,
  until,
  used,
  runOnLab,
  type LabWork,
  type Settings,
  type Processor,
} from './lab-rate.ts';

/** The steady part of a phase (ms since the epoch), and what it took. */
interface Window {
  from: number;
  to: number;
  processor: Processor;
}

/** And what LAVA did in it. */
interface Phase {
  work: LabWork;
  processor: Processor;
}

function phaseOf(jobs: readonly LavaJob[], { from, to, processor }: Window): Phase {
  return { work: labWork(jobs, from, to), processor };
}

/** Until the queue is full and everything has begun. */
const WARM_UP = 20 * SECOND;
const END_WITHIN = 5 * MINUTE;
/** `load` of a lab's admin uses so many connections: two of these clients, with two requests each at a time. */
const CLIENTS = 2;

function say(text: string): void {
  process.stderr.write(`[lab ${new Date().toISOString().slice(11, 19)}] ${text}\n`);
}

/** Lets `feed` work for so long, and measures after the warm-up. */
async function steady(
  minutes: number,
  daemon: () => number | undefined,
  feed: (signal: AbortSignal) => Promise<unknown>,
): Promise<Window> {
  const over = new AbortController();
  const feeding = feed(over.signal);
  try {
    await Promise.race([pause(WARM_UP), feeding]);
    const [from, before] = [Date.now(), await processorNow(daemon())];
    await Promise.race([pause(minutes * MINUTE), feeding]);
    const [to, after] = [Date.now(), await processorNow(daemon())];
    return { from, to, processor: used(before, after) };
  } finally {
    over.abort();
    await feeding;
  }
}

const Definition = z.looseObject({
  job_name: z.string(),
  notify: z.looseObject({ callback: z.looseObject({ url: z.string() }) }),
});

/** The same job as the bridge's, calling back to another URL. */
function definitionFor(text: string, name: string, url: string): string {
  const definition = Definition.parse(parse(text));
  const notify = { ...definition.notify, callback: { ...definition.notify.callback, url } };
  return stringify({ ...definition, job_name: name, notify });
}

/** LAVA alone: as many jobs as end are submitted, by LAVA's callbacks, which are read and dropped. */
async function bare(lab: Lab, template: string, minutes: number): Promise<Phase> {
  const prefix = `bare-${Date.now().toString(36)}`;
  let called = 0;
  let submitted = 0;
  const sink = createServer((request, response) => {
    request.resume().on('end', () => {
      called += 1;
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const address = sink.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}/`;
  const submitter = async (client: LavaClient, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      if (submitted - called >= IN_LAVA) await sleep(20, signal);
      else await client.submit(definitionFor(template, `${prefix} ${++submitted}`, url));
    }
  };
  try {
    const window = await steady(
      minutes,
      () => undefined,
      (signal) =>
        Promise.all(
          Array.from({ length: CLIENTS }, () => clientOf(lab)).flatMap((client) => [
            submitter(client, signal),
            submitter(client, signal),
          ]),
        ),
    );
    await until('all jobs have ended', () => called >= submitted, END_WITHIN);
    return phaseOf(await lab.jobs(prefix), window);
  } finally {
    sink.closeAllConnections();
    sink.close();
  }
}

function clientOf(lab: Lab): LavaClient {
  return createLavaClient({ url: lab.url, user: lab.user, token: lab.token, timeoutMs: MINUTE });
}

/** The definition that the bridge makes of a job, as LAVA has it. */
async function madeByBridge(lab: Lab, folder: string): Promise<string> {
  const world = await startBridge(lab, folder);
  try {
    world.publish(JOB, 0);
    await until('the first job is reported', () => world.done() === 1, 2 * MINUTE);
    const [job] = (await world.end()).lavaJobs;
    if (job === undefined) throw new Error('LAVA has no job');
    return await clientOf(lab).definition(job.id);
  } finally {
    await world.close(false);
  }
}

/** What came of the phase with the daemon. */
interface Bridged {
  phase: Phase;
  /** XML-RPC requests a job, and how many there were of each method. */
  calls: number;
  methods: ReadonlyMap<string, number>;
  /** From Finished to the accepted report (ms). */
  times: number[];
  findings: Finding[];
}

/** The same through the daemon, until all of it is reported. */
async function bridged(lab: Lab, folder: string, minutes: number): Promise<Bridged> {
  const world = await startBridge(lab, folder);
  try {
    let window: Window | undefined;
    const stretch = await measure(world, async () => {
      window = await steady(
        minutes,
        () => pidOf(world),
        (signal) => keepBusy(world, signal),
      );
      await until('all is reported', () => world.done() === world.requests.length, END_WITHIN);
    });
    if (window === undefined) throw new Error('unreachable: it was measured');
    const end = await world.end();
    return {
      phase: phaseOf(end.lavaJobs, window),
      calls: callsPerJob(stretch, end.lavaJobs),
      methods: stretch.calls,
      times: latencies(stretch, end.lavaJobs, world.acceptedAt),
      findings: checkEnd(world.requests, end),
    };
  } finally {
    await world.close(false);
  }
}

async function run(lab: Lab, options: Settings): Promise<boolean> {
  const { minutes, state } = options;
  const folder = `${state}-daemon`;
  const template = await madeByBridge(lab, folder);
  say('LAVA alone');
  const before = await bare(lab, template, minutes / 2);
  say('through the bridge');
  await profileDaemons(options);
  const bridge = await bridged(lab, folder, minutes);
  say('LAVA alone, again');
  const after = await bare(lab, template, minutes / 2);
  for (const { nodeId, what, text } of bridge.findings.slice(0, 20)) say(`${nodeId} ${what}: ${text}`);
  print(options, before, bridge, after);
  return bridge.findings.length === 0;
}

function print(
  { lab, devices }: Settings,
  before: Phase,
  { phase: bridge, calls, methods, times, findings }: Bridged,
  after: Phase,
): void {
  const aloneRate = (before.work.perMinute + after.work.perMinute) / 2;
  const perJob = (ms: number, { work }: Phase): number => Math.round((ms / work.ended) * 10) / 10;
  const shares = ({ processor: { machine, idle } }: Phase): number =>
    Math.round((idle / (machine + idle)) * 100);
  const result = {
    bench: 'lab',
    lava: lab,
    devices,
    cases: CASES,
    alonePerMinute: Math.round(aloneRate),
    perMinute: Math.round(bridge.work.perMinute),
    ratio: Number((bridge.work.perMinute / aloneRate).toFixed(3)),
    daemonMsPerJob: perJob(bridge.processor.daemon, bridge),
    callsPerJob: Number(calls.toFixed(2)),
    acceptedAfterMs: {
      half: Math.round(quantile(times, 0.5)),
      p99: Math.round(quantile(times, 0.99)),
      most: Math.round(quantile(times, 1)),
    },
    findings: findings.length,
  };
  const phaseRow = (name: string, phase: Phase): Row => {
    const { work, processor } = phase;
    const rest = processor.machine - processor.daemon - processor.own;
    const parts = [...processor.lava].map(([name, used]) => `${name} ${perJob(used, phase)}`);
    const ms = `a job: daemon ${perJob(processor.daemon, phase)} ms, simulators ${perJob(processor.own, phase)} ms, LAVA and all else ${perJob(rest, phase)} ms (${parts.join(', ')})`;
    return [
      name,
      `${work.perMinute.toFixed(0)} a minute (${work.ended}); ${work.waiting.toFixed(0)} waited, ${work.running.toFixed(1)} ran; ${ms}; processors idle ${shares(phase)} %`,
    ];
  };
  printTable('lab', [
    phaseRow('LAVA alone', before),
    phaseRow('through the bridge', bridge),
    phaseRow('LAVA alone, again', after),
    ['ratio', `${(100 * result.ratio).toFixed(1)} %`],
    [
      'XML-RPC requests a job',
      `${result.callsPerJob} (${[...methods].map(([name, n]) => `${name} ${n}`).join(', ')})`,
    ],
    ['from Finished to accepted', spread(times)],
    ['lost, doubled or wrong', String(findings.length)],
  ]);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

await runOnLab({ name: 'lab', minutes: 3, state: '/var/tmp/lavalab-bench' }, run, say);
