// The simulated lab: takes jobs, gives them to devices, runs them, in LAVA's order of states, callbacks and events.
import { LAVA_STATES, type LavaHealth, type LavaState } from '../../lava/model.ts';
import { kernelUrl, priorityOf, scenarioOf, suitesOf, timeoutMs, type Definition } from './definition.ts';
import type { Entry, Run } from './job-log.ts';
import type { Stored } from './results.ts';
import type { Ending } from './courses.ts';
import { play, playCancel, type Script } from './scenarios.ts';
import { checkSubmission } from './submission.ts';
import type { SimDevice, SimJob, SimWorker } from './world.ts';

/** How long things take, ms. */
export interface Pace {
  /** From submission to Scheduled, and from there to Running. */
  scheduleMs: number;
  startMs: number;
  runMs: number;
  /** From Canceling to Finished. */
  cancelMs: number;
}

export interface LabHooks {
  /** Sends the callbacks of a job that is about to be in that state; never fails. LAVA commits when it has returned. */
  notify: (job: SimJob, next: { state: LavaState; health: LavaHealth }) => Promise<void>;
  emit: (topic: 'testjob' | 'device' | 'worker', user: string, data: Record<string, unknown>) => void;
}

export interface LabOptions {
  devices: readonly SimDevice[];
  workers: readonly SimWorker[];
  /** Device types that have no device, and tags that no device has. */
  types: readonly string[];
  tags: readonly string[];
  pace: Pace;
  /** Finished jobs above that number are forgotten, oldest first. */
  keepJobs: number;
}

/** The lines of a job's log with their real times. */
export interface TimedEntry extends Entry {
  atMs: number;
}

/** Failures of these kinds make LAVA doubt the device. */
const DEVICE_IN_DOUBT = new Set(['Infrastructure', 'Bug', 'Configuration']);

export class Lab {
  readonly jobs = new Map<number, SimJob>();
  readonly devices: ReadonlyMap<string, SimDevice>;
  readonly workers: ReadonlyMap<string, SimWorker>;
  readonly types: readonly string[];
  readonly tags: readonly string[];
  private readonly options: LabOptions;
  private readonly hooks: LabHooks;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly scripts = new Map<number, Script>();
  /** What each worker is busy with: lava-worker does one thing at a time. */
  private readonly busy = new Map<string, Promise<void>>();
  /** Jobs that LAVA is just saving as Finished: nobody else can change them meanwhile. */
  private readonly locked = new Set<number>();
  private readonly attempts = new Map<string, number>();
  private readonly waiting = new Set<SimJob>();
  private isScheduling = false;
  private nextId = 1;
  private nextCase = 1;

  constructor(options: LabOptions, hooks: LabHooks) {
    this.options = options;
    this.hooks = hooks;
    this.devices = new Map(options.devices.map((d) => [d.name, { ...d, tags: [...d.tags] }]));
    this.workers = new Map(options.workers.map((w) => [w.name, { ...w }]));
    const devices = [...this.devices.values()];
    this.types = [...new Set([...devices.map(({ type }) => type), ...options.types])].toSorted();
    this.tags = [...new Set([...devices.flatMap(({ tags }) => tags), ...options.tags])].toSorted();
  }

  /** Throws LAVA's RpcFault for what it does not take. */
  submit(user: string, text: string): SimJob {
    const { types, tags } = this;
    const definition = checkSubmission(text, { devices: this.devices.values(), types, tags });
    const job: SimJob = {
      id: this.nextId++,
      submitter: user,
      text,
      definition,
      priority: priorityOf(definition),
      attempt: this.countAttempt(kernelUrl(definition)),
      state: 'Submitted',
      health: 'Unknown',
      device: undefined,
      submittedAt: Date.now(),
      startedAt: undefined,
      endedAt: undefined,
      canceledAt: undefined,
      firstCase: 0,
    };
    this.jobs.set(job.id, job);
    this.waiting.add(job);
    this.forgetOld();
    this.emitJob(job);
    const queue = timeoutMs(definition.timeouts.queue);
    if (queue !== undefined && queue < 2 ** 31) this.after(queue, () => this.cancelWaiting(job));
    this.scheduleAfter(this.options.pace.scheduleMs);
    return job;
  }

  private countAttempt(url: string): number {
    const before = this.attempts.get(url) ?? 0;
    this.attempts.set(url, before + 1);
    const [oldest] = this.attempts.keys();
    if (this.attempts.size > this.options.keepJobs && oldest !== undefined) this.attempts.delete(oldest);
    return before;
  }

  private forgetOld(): void {
    if (this.jobs.size <= this.options.keepJobs) return;
    const oldest = [...this.jobs.values()].find(({ state }) => state === 'Finished');
    if (oldest) this.jobs.delete(oldest.id);
  }

  /** Soon gives waiting jobs to idle devices; what comes until then is looked at with it. */
  private scheduleAfter(ms: number): void {
    if (this.isScheduling) return;
    this.isScheduling = true;
    this.after(ms, () => {
      this.isScheduling = false;
      this.schedule();
    });
  }

  /** By priority, then by age. */
  private schedule(): void {
    const free = new Set([...this.devices.values()].filter((d) => this.isFree(d)));
    if (free.size === 0) return;
    const waiting = [...this.waiting].filter(({ id }) => !this.locked.has(id));
    for (const job of waiting.toSorted((a, b) => b.priority - a.priority || a.id - b.id)) {
      if (free.size === 0) return;
      const device = [...free].find((d) => suits(d, job.definition) && this.isFree(d));
      if (!device) continue;
      free.delete(device);
      this.waiting.delete(job);
      device.state = 'Reserved';
      job.device = device;
      job.state = 'Scheduled';
      this.emitDevice(device);
      this.emitJob(job);
      this.after(this.options.pace.startMs, () => this.byWorker(device, () => this.start(job, device)));
    }
  }

  private isFree(device: SimDevice): boolean {
    const worker = this.workers.get(device.worker);
    if (worker?.state !== 'Online' || worker.health !== 'Active') return false;
    const atWork = [...this.devices.values()].filter((d) => d.worker === worker.name && d.state !== 'Idle');
    const isHealthy = device.health === 'Good' || device.health === 'Unknown';
    return device.state === 'Idle' && isHealthy && (worker.jobLimit === 0 || atWork.length < worker.jobLimit);
  }

  private async start(job: SimJob, device: SimDevice): Promise<void> {
    if (job.state !== 'Scheduled') return;
    const startedAt = Date.now();
    await this.hooks.notify(job, { state: 'Running', health: 'Unknown' });
    if (job.state !== 'Scheduled') return;
    job.startedAt = startedAt;
    job.state = 'Running';
    device.state = 'Running';
    device.job = job.id;
    this.emitDevice(device);
    this.emitJob(job);
    const script = this.script(job);
    job.firstCase = this.nextCase;
    this.nextCase += script.entries.length + 10;
    this.after(this.options.pace.runMs, () => this.byWorker(device, () => this.ran(job, script.ending)));
  }

  private async ran(job: SimJob, ending: Ending): Promise<void> {
    if (job.state !== 'Running') return;
    if (ending === 'Complete' || ending === 'Incomplete') await this.finish(job, ending);
    if (ending === 'vanishes') {
      this.jobs.delete(job.id);
      this.scripts.delete(job.id);
      this.release(job);
    }
  }

  private async finish(job: SimJob, health: LavaHealth): Promise<void> {
    const endedAt = Date.now();
    this.locked.add(job.id);
    await this.hooks.notify(job, { state: 'Finished', health });
    this.locked.delete(job.id);
    this.waiting.delete(job);
    job.endedAt = endedAt;
    job.state = 'Finished';
    job.health = health;
    job.startedAt ??= endedAt;
    const last = this.entries(job).findLast(({ level }) => level === 'results')?.msg;
    if (isDoubtful(last) && job.device) job.device.health = 'Unknown';
    this.release(job);
    this.emitJob(job);
    this.scripts.delete(job.id);
  }

  private release(job: SimJob): void {
    const { device } = job;
    if (!device) return;
    device.state = 'Idle';
    this.emitDevice(device);
    device.job = undefined;
    this.scheduleAfter(0);
  }

  /** As LAVA does: a waiting job ends at once (its callback is sent meanwhile), another when its worker says so. */
  async cancel(job: SimJob): Promise<void> {
    if (this.locked.has(job.id)) return;
    if (job.state === 'Submitted') return this.cancelWaiting(job);
    if (job.state !== 'Scheduled' && job.state !== 'Running') return;
    const { device } = job;
    const isStuck = job.state === 'Running' && this.script(job).ending === 'stuck';
    job.canceledAt = Date.now();
    job.state = 'Canceling';
    this.emitJob(job);
    if (isStuck || !device) return;
    this.after(this.options.pace.cancelMs, () => this.byWorker(device, () => this.finish(job, 'Canceled')));
  }

  private async cancelWaiting(job: SimJob): Promise<void> {
    if (job.state === 'Submitted' && !this.locked.has(job.id)) await this.finish(job, 'Canceled');
  }

  /** The lines that the job's log has by now, or (`final`) will have in the end. */
  entries(job: SimJob, final = job.state === 'Finished'): TimedEntry[] {
    const { startedAt } = job;
    if (startedAt === undefined || job.device === undefined) return [];
    const { entries } = this.script(job);
    const scale = this.options.pace.runMs / Math.max(1, entries.at(-1)?.at ?? 1);
    const until = job.canceledAt ?? (final ? Infinity : Date.now());
    const timed = (entry: Entry): TimedEntry => ({ ...entry, atMs: startedAt + entry.at * scale });
    const written = entries.map(timed).filter(({ atMs }) => atMs <= until);
    if (!final || job.canceledAt === undefined) return written;
    const base = written.length;
    return [...written, ...playCancel(this.run(job), entries.slice(0, base)).map(timed)];
  }

  results(job: SimJob, final?: boolean): Stored[] {
    const stored: Stored[] = [];
    for (const { level, msg, atMs } of this.entries(job, final)) {
      const suite = level === 'results' ? suiteOf(msg) : undefined;
      if (suite === undefined) continue;
      const message = msg as Stored['message'];
      stored.push({ id: job.firstCase + stored.length, suite, loggedAt: atMs, message });
    }
    return stored;
  }

  /** Made once per run, and again when somebody asks after the end. */
  private script(job: SimJob): Script {
    const known = this.scripts.get(job.id);
    if (known) return known;
    const script = play(scenarioOf(job.definition), this.run(job));
    if (job.state !== 'Finished') this.scripts.set(job.id, script);
    return script;
  }

  private run(job: SimJob): Run {
    const { id, definition, attempt } = job;
    return { id, definition, attempt, suites: suitesOf(definition), device: job.device?.name ?? '' };
  }

  setDevice(name: string, health: SimDevice['health']): void {
    const device = this.devices.get(name);
    if (!device) return;
    device.health = health;
    this.emitDevice(device);
    this.schedule();
  }

  /** What is not named stays. */
  setWorker(
    name: string,
    change: {
      state?: SimWorker['state'] | undefined;
      health?: SimWorker['health'] | undefined;
      jobLimit?: number | undefined;
    },
  ): void {
    const worker = this.workers.get(name);
    if (!worker) return;
    worker.state = change.state ?? worker.state;
    worker.health = change.health ?? worker.health;
    worker.jobLimit = change.jobLimit ?? worker.jobLimit;
    const { state, health } = worker;
    this.hooks.emit('worker', 'lavaserver', { hostname: name, health, state });
    this.schedule();
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private emitJob(job: SimJob): void {
    const { id, state, health, submitter, device, definition } = job;
    const iso = (ms: number): string => new Date(ms).toISOString().replace('Z', '000+00:00');
    this.hooks.emit('testjob', submitter, {
      health,
      state,
      job: id,
      description: definition.job_name,
      priority: job.priority,
      submit_time: iso(job.submittedAt),
      submitter,
      health_check: false,
      ...(device ? { device: device.name, worker: device.worker } : {}),
      device_type: definition.device_type,
      ...(job.startedAt === undefined ? {} : { start_time: iso(job.startedAt) }),
      ...(job.endedAt === undefined ? {} : { end_time: iso(job.endedAt) }),
    });
  }

  private emitDevice({ name, type, worker, health, state, job }: SimDevice): void {
    const data = { health, state, device: name, device_type: type, worker };
    this.hooks.emit('device', 'lavaserver', job === undefined ? data : { ...data, job });
  }

  /** Does what lava-worker does for the device, after what it is at. */
  private byWorker(device: SimDevice, task: () => Promise<void>): Promise<void> {
    const done = (this.busy.get(device.worker) ?? Promise.resolve()).then(task);
    this.busy.set(device.worker, done);
    return done;
  }

  private after(ms: number, task: () => void | Promise<void>): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void task();
    }, ms);
    this.timers.add(timer);
  }
}

function suits(device: SimDevice, { device_type, tags }: Definition): boolean {
  return device.type === device_type && tags.every((tag) => device.tags.includes(tag));
}

function suiteOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('definition' in message)) return undefined;
  return typeof message.definition === 'string' ? message.definition : undefined;
}

function isDoubtful(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('error_type' in message)) return false;
  return typeof message.error_type === 'string' && DEVICE_IN_DOUBT.has(message.error_type);
}

/** The number of a state in callbacks. */
export function stateNumber(state: LavaState): number {
  return LAVA_STATES.indexOf(state);
}
