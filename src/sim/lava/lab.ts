// The simulated lab: takes jobs, gives them to devices, runs them, in LAVA's order of states, callbacks and events.
import type { LavaHealth } from '../../lava/model.ts';
import type { AgeFacts } from './age.ts';
import { healthCheckOf, kernelUrl, priorityOf, timeoutMs, type Definition } from './definition.ts';
import type { Ending } from './sequences.ts';
import { Runs } from './runs.ts';
import { checkSubmission } from './submission.ts';
import {
  deviceEvent,
  isDoubtful,
  jobEvent,
  suits,
  waitingJob,
  type SimDevice,
  type Next,
  type SimJob,
  type SimWorker,
} from './model.ts';

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
  notify: (job: SimJob, next: Next) => Promise<void>;
  /** `only`: the user who alone may see it. */
  emit: (
    topic: 'testjob' | 'device' | 'worker',
    user: string,
    data: Record<string, unknown>,
    only?: string,
  ) => void;
}

export interface LabOptions {
  age: AgeFacts;
  devices: readonly SimDevice[];
  workers: readonly SimWorker[];
  /** Device types that have no device, and tags that no device has. */
  types: readonly string[];
  tags: readonly string[];
  pace: Pace;
  /** Finished jobs above that number are forgotten, oldest first. */
  keepJobs: number;
}

/** How often the scheduler looks for jobs that waited too long; the real one every 20 s. */
const EXPIRY_MS = 250;

export class Lab {
  readonly age: AgeFacts;
  readonly jobs = new Map<number, SimJob>();
  readonly devices: ReadonlyMap<string, SimDevice>;
  readonly workers: ReadonlyMap<string, SimWorker>;
  readonly types: readonly string[];
  readonly tags: readonly string[];
  readonly runs: Runs;
  /** Each user's remote artifact tokens, by their names. */
  readonly artifactTokens = new Map<string, Map<string, string>>();
  private readonly options: LabOptions;
  private readonly hooks: LabHooks;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly expiry: NodeJS.Timeout;
  /** What each worker is busy with: lava-worker does one thing at a time. */
  private readonly busy = new Map<string, Promise<void>>();
  /** Jobs that LAVA is just saving as Finished: they cannot be changed meanwhile. */
  private readonly locked = new Set<number>();
  private readonly attempts = new Map<string, number>();
  private readonly waiting = new Set<SimJob>();
  private isScheduling = false;
  private nextId = 1;
  private nextCase = 1;

  constructor(options: LabOptions, hooks: LabHooks) {
    this.age = options.age;
    this.options = options;
    this.hooks = hooks;
    this.runs = new Runs(options.age, options.pace.runMs);
    this.expiry = setInterval(() => this.expire(), EXPIRY_MS);
    this.devices = new Map(options.devices.map((d) => [d.name, { ...d, tags: [...d.tags] }]));
    this.workers = new Map(options.workers.map((w) => [w.name, { ...w }]));
    const devices = [...this.devices.values()];
    this.types = [...new Set([...devices.map(({ type }) => type), ...options.types])].toSorted();
    this.tags = [...new Set([...devices.flatMap(({ tags }) => tags), ...options.tags])].toSorted();
  }

  /** Throws LAVA's RpcFault for what it does not take. */
  submit(user: string, text: string): SimJob {
    const { types, tags } = this;
    const definition = checkSubmission(this.age, text, { devices: this.devices.values(), types, tags });
    const job = this.newJob(user, text, definition);
    this.waiting.add(job);
    this.forgetOld();
    this.emitJob(job);
    this.scheduleAfter(this.options.pace.scheduleMs);
    return job;
  }

  private newJob(submitter: string, text: string, definition: Definition): SimJob {
    const attempt = this.countAttempt(kernelUrl(definition));
    const priority = priorityOf(definition);
    const job = waitingJob({ id: this.nextId++, submitter, text, definition, priority, attempt });
    this.jobs.set(job.id, job);
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

  /** Cancels what has waited for longer than its definition allows. */
  private expire(): void {
    for (const job of this.waiting) {
      const patience = timeoutMs(job.definition.timeouts.queue) ?? Infinity;
      if (Date.now() - job.submittedAt > patience) void this.cancelWaiting(job);
    }
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
    await this.hooks.notify(job, { state: 'Running', health: 'Unknown', at: startedAt });
    if (job.state !== 'Scheduled') return;
    job.startedAt = startedAt;
    job.state = 'Running';
    device.state = 'Running';
    device.job = job.id;
    this.emitDevice(device);
    this.emitJob(job);
    const script = this.runs.script(job);
    job.firstCase = this.nextCase;
    this.nextCase += script.entries.length + 10;
    this.after(this.options.pace.runMs, () => this.byWorker(device, () => this.ran(job, script.ending)));
  }

  private async ran(job: SimJob, ending: Ending): Promise<void> {
    if (job.state !== 'Running') return;
    if (ending === 'Complete' || ending === 'Incomplete') await this.finish(job, ending);
    if (ending === 'vanishes') {
      this.jobs.delete(job.id);
      this.runs.forget(job);
      this.release(job);
    }
  }

  private async finish(job: SimJob, health: LavaHealth): Promise<void> {
    const endedAt = Date.now();
    this.locked.add(job.id);
    await this.hooks.notify(job, { state: 'Finished', health, at: endedAt });
    this.locked.delete(job.id);
    this.waiting.delete(job);
    job.endedAt = endedAt;
    job.state = 'Finished';
    job.health = health;
    job.startedAt ??= endedAt;
    const last = this.runs.entries(job).findLast(({ level }) => level === 'results')?.msg;
    if (isDoubtful(last) && job.device) job.device.health = 'Unknown';
    this.release(job);
    this.emitJob(job);
    this.runs.forget(job);
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
    const isStuck = job.state === 'Running' && this.runs.script(job).ending === 'stuck';
    job.canceledAt = Date.now();
    job.state = 'Canceling';
    this.emitJob(job);
    if (isStuck || !device) return;
    this.after(this.options.pace.cancelMs, () => this.byWorker(device, () => this.finish(job, 'Canceled')));
  }

  private async cancelWaiting(job: SimJob): Promise<void> {
    if (job.state === 'Submitted' && !this.locked.has(job.id)) await this.finish(job, 'Canceled');
  }

  /** LAVA's own check of a device, which ends at once: the device is then Good or Bad. */
  checkHealth(name: string, health: 'Complete' | 'Incomplete'): void {
    const device = this.devices.get(name);
    if (!device) return;
    const job = this.newJob('lava-health', '', healthCheckOf(device.type));
    const at = Date.now();
    Object.assign(job, { state: 'Finished', health, device, startedAt: at, endedAt: at });
    device.healthJob = job.id;
    this.emitJob(job);
    this.setDevice(name, health === 'Complete' ? 'Good' : 'Bad');
  }

  setDevice(name: string, health: SimDevice['health']): void {
    const device = this.devices.get(name);
    if (!device) return;
    device.health = health;
    this.emitDevice(device);
    const job = device.job === undefined ? undefined : this.jobs.get(device.job);
    if (health === 'Retired' && job && this.age.retiringCancels) void this.cancel(job);
    this.schedule();
  }

  /** What is not named stays. */
  setWorker(
    name: string,
    change: {
      state?: SimWorker['state'] | undefined;
      health?: SimWorker['health'] | undefined;
      jobLimit?: number | undefined;
      hidden?: boolean | undefined;
    },
  ): void {
    const worker = this.workers.get(name);
    if (!worker) return;
    worker.state = change.state ?? worker.state;
    worker.health = change.health ?? worker.health;
    worker.jobLimit = change.jobLimit ?? worker.jobLimit;
    worker.hidden = change.hidden ?? worker.hidden;
    const { state, health } = worker;
    if (worker.hidden !== true) this.hooks.emit('worker', 'lavaserver', { hostname: name, health, state });
    this.schedule();
  }

  /** As when an admin installs LAVA again: no job is known any more, and the next one is number 1. */
  reset(): void {
    this.stopTimers();
    this.isScheduling = false;
    for (const job of this.jobs.values()) {
      job.state = 'Finished'; // whatever was under way with it comes to nothing
      this.runs.forget(job);
    }
    this.jobs.clear();
    this.waiting.clear();
    for (const device of this.devices.values()) {
      device.state = 'Idle';
      device.job = undefined;
    }
    this.nextId = 1;
  }

  stop(): void {
    clearInterval(this.expiry);
    this.stopTimers();
  }

  private stopTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private emitJob(job: SimJob): void {
    const only = job.definition.visibility === 'public' ? undefined : job.submitter;
    this.hooks.emit('testjob', job.submitter, jobEvent(job), only);
  }

  private emitDevice(device: SimDevice): void {
    this.hooks.emit('device', 'lavaserver', deviceEvent(device));
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
