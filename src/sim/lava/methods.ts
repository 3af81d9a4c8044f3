// The XML-RPC methods that the simulated lab serves, with LAVA's answers and refusals.
import { LAVA_HEALTHS, LAVA_STATES } from '../../lava/model.ts';
import type { Lab } from './lab.ts';
import { logLine, yamlDump } from './python.ts';
import { exportCases, suiteNames } from './results.ts';
import { showDevice, showWorker } from './show.ts';
import { internal, validateDefinition } from './submission.ts';
import { callTokenMethod } from './token-methods.ts';
import { RpcFault, WireTime, type WireValue } from './xmlrpc-answer.ts';
import type { SimJob } from './model.ts';

const TOKENS = 'scheduler.remote_artifact_tokens.';

type Method = (
  lab: Lab,
  user: string | undefined,
  params: readonly unknown[],
) => WireValue | Promise<WireValue>;

/** Calls a method; throws RpcFault, as LAVA refuses. `user`: undefined without credentials. */
export async function callMethod(
  lab: Lab,
  user: string | undefined,
  name: string,
  params: readonly unknown[],
): Promise<WireValue> {
  if (name === 'system.multicall') return multicall(lab, user, params[0]);
  if (lab.age.artifactTokenCalls && name.startsWith(TOKENS)) {
    const answer = callTokenMethod(lab, authenticated(user), name.slice(TOKENS.length), params);
    if (answer !== undefined) return answer;
  }
  const method = METHODS.get(name);
  if (!method) throw new RpcFault(-32601, `No such method: '${name}'`);
  return method(lab, user, params);
}

async function multicall(lab: Lab, user: string | undefined, calls: unknown): Promise<WireValue> {
  if (!Array.isArray(calls))
    throw new RpcFault(-32602, 'system.multicall expected a list of methods to call.');
  const outcomes: WireValue[] = [];
  for (const item of calls as unknown[]) {
    const { methodName, params } = item as { methodName?: unknown; params?: unknown };
    try {
      if (typeof methodName !== 'string' || !Array.isArray(params))
        throw new RpcFault(-32602, 'Bad multicall item');
      outcomes.push([await callMethod(lab, user, methodName, params as unknown[])]);
    } catch (error) {
      const fault = error instanceof RpcFault ? error : internal(String(error));
      outcomes.push({ faultCode: fault.code, faultString: fault.message });
    }
  }
  return outcomes;
}

function authenticated(user: string | undefined): string {
  if (user !== undefined) return user;
  throw new RpcFault(401, 'Authentication with user and token required for this API.');
}

function findJob(lab: Lab, id: unknown): SimJob | undefined {
  const number = Number(id);
  if (!Number.isInteger(number)) throw internal(`Field 'id' expected a number but got '${String(id)}'.`);
  return lab.jobs.get(number);
}

function canView(job: SimJob, user: string | undefined): boolean {
  return job.definition.visibility === 'public' || job.submitter === user;
}

function jobFor(lab: Lab, user: string | undefined, id: unknown): SimJob {
  const job = findJob(lab, id);
  if (!job) throw new RpcFault(404, `Job '${String(id)}' was not found.`);
  if (canView(job, user)) return job;
  throw new RpcFault(403, `Job '${String(id)}' not available to user '${user ?? 'AnonymousUser'}'.`);
}

/** For `results.*`, which have their own words. */
function resultsJob(lab: Lab, user: string | undefined, id: unknown): SimJob {
  authenticated(user);
  const job = findJob(lab, id);
  if (!job) throw new RpcFault(404, 'Specified job not found.');
  if (canView(job, user)) return job;
  throw new RpcFault(401, `Permission denied for user to job ${String(id)}`);
}

function time(ms: number | undefined): WireTime | null {
  return ms === undefined ? null : new WireTime(ms);
}

function showJob(lab: Lab, job: SimJob): WireValue {
  return {
    id: job.id,
    description: job.definition.job_name,
    device: job.device?.name ?? null,
    device_type: job.definition.device_type,
    health_check: false,
    pipeline: true,
    health: job.health,
    state: job.state,
    submitter: job.submitter,
    submit_time: time(job.submittedAt),
    start_time: time(job.startedAt),
    end_time: time(job.endedAt),
    tags: job.definition.tags,
    visibility: job.definition.visibility === 'public' ? 'Public' : `Group (${job.submitter})`,
    failure_comment: null,
    ...(lab.age.showsError ? errorOf(lab, job) : {}),
  };
}

/** Null without a `job` case. */
function errorOf(lab: Lab, job: SimJob): { error_msg: string | null; error_type: string | null } {
  const last = lab.runs
    .results(job)
    .findLast(({ suite, message }) => suite === 'lava' && message['case'] === 'job');
  const field = (name: string): string | null => {
    const value = last?.message[name];
    return typeof value === 'string' ? value : null;
  };
  return { error_msg: field('error_msg'), error_type: field('error_type') };
}

function text(value: unknown, method: string): string {
  if (typeof value === 'string') return value;
  throw internal(`${method}() missing 1 required positional argument: 'definition'`);
}

function optionalNumber(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function visibleJobs(lab: Lab, user: string | undefined): SimJob[] {
  return [...lab.jobs.values()].filter((job) => canView(job, user));
}

function filtered(
  jobs: SimJob[],
  what: 'state' | 'health',
  wanted: unknown,
  known: readonly string[],
): SimJob[] {
  if (wanted === null || wanted === undefined) return jobs;
  const word = typeof wanted === 'string' ? wanted : JSON.stringify(wanted);
  const name = `${word.charAt(0).toUpperCase()}${word.slice(1).toLowerCase()}`;
  if (!known.includes(name)) throw new RpcFault(400, `Invalid ${what} '${word}'`);
  return jobs.filter((job) => job[what] === name);
}

function listJobs(lab: Lab, user: string | undefined, params: readonly unknown[]): WireValue {
  const [state, health] = params;
  const start = Math.max(0, optionalNumber(params[2], 0));
  const limit = Math.min(100, optionalNumber(params[3], 25));
  const ofState = filtered(visibleJobs(lab, user), 'state', state, LAVA_STATES);
  return filtered(ofState, 'health', health, LAVA_HEALTHS)
    .toSorted((a, b) => b.id - a.id)
    .slice(start, start + limit)
    .map((job) => ({
      id: job.id,
      description: job.definition.job_name,
      device_type: job.definition.device_type,
      health: job.health,
      state: job.state,
      submitter: job.submitter,
    }));
}

function logs(lab: Lab, user: string | undefined, params: readonly unknown[]): WireValue {
  const job = jobFor(lab, user, params[0]);
  const finished = job.state === 'Finished';
  const entries = lab.runs.entries(job);
  if (entries.length === 0) return [finished, Buffer.from('[]')];
  const end = typeof params[2] === 'number' ? params[2] : undefined;
  const lines = entries.slice(optionalNumber(params[1], 0), end);
  const data = lines
    .map(({ atMs, level, msg, namespace }) => logLine(lab.age, atMs, level, msg, namespace))
    .join('');
  return [finished, Buffer.from(data)];
}

function suitePage(lab: Lab, user: string | undefined, params: readonly unknown[]): WireValue {
  const job = resultsJob(lab, user, params[0]);
  const cases = lab.runs.results(job).filter(({ suite }) => suite === params[1]);
  if (cases.length === 0) throw new RpcFault(404, 'Specified test suite not found.');
  const offset = optionalNumber(params[3], 0);
  return exportCases(lab.age, job.id, cases.slice(offset, offset + optionalNumber(params[2], cases.length)));
}

const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['system.version', (lab) => lab.age.version],
  ['system.api_version', () => 2],
  ['system.whoami', (_lab, user) => user ?? null],
  [
    'system.master_config',
    () => ({
      EVENT_TOPIC: 'org.lavasoftware',
      EVENT_SOCKET: 'tcp://*:5500',
      EVENT_NOTIFICATION: true,
      LOG_SIZE_LIMIT: 5,
    }),
  ],
  [
    'scheduler.jobs.submit',
    (lab, user, params) => lab.submit(authenticated(user), text(params[0], 'SchedulerJobsAPI.submit')).id,
  ],
  [
    'scheduler.jobs.validate',
    (lab, _user, params) => {
      const { path, msg } =
        validateDefinition(lab.age, text(params[0], 'SchedulerJobsAPI.validate'), params[1] === true) ?? {};
      return path === undefined || msg === undefined ? {} : { path, msg };
    },
  ],
  ['scheduler.jobs.show', (lab, user, params) => showJob(lab, jobFor(lab, user, params[0]))],
  ['scheduler.jobs.list', listJobs],
  [
    'scheduler.jobs.queue',
    (lab, user) =>
      filtered(visibleJobs(lab, user), 'state', 'Submitted', LAVA_STATES).map((job) => ({
        id: job.id,
        description: job.definition.job_name,
        requested_device_type: job.definition.device_type,
        submitter: job.submitter,
      })),
  ],
  ['scheduler.jobs.logs', logs],
  ['scheduler.jobs.definition', (lab, user, params) => jobFor(lab, user, params[0]).text],
  [
    'scheduler.jobs.cancel',
    async (lab, user, params) => {
      const job = findJob(lab, params[0]);
      authenticated(user);
      if (!job) throw new RpcFault(404, `Job '${String(params[0])}' was not found.`);
      if (job.submitter !== user) throw new RpcFault(403, 'Permission denied.');
      await lab.cancel(job);
      return true;
    },
  ],
  [
    'results.get_testjob_suites_list_yaml',
    (lab, user, params) => {
      const job = resultsJob(lab, user, params[0]);
      const names = suiteNames(lab.runs.results(job));
      return yamlDump(
        lab.age,
        names.map((name, i) => ({ id: String(i + 2), job: String(job.id), name })),
      );
    },
  ],
  [
    'results.get_testjob_results_yaml',
    (lab, user, params) => {
      const job = resultsJob(lab, user, params[0]);
      return exportCases(lab.age, job.id, lab.runs.results(job));
    },
  ],
  ['results.get_testsuite_results_yaml', suitePage],
  [
    'scheduler.devices.list',
    (lab) =>
      [...lab.devices.values()]
        .filter(({ health }) => health !== 'Retired')
        .map((d) => ({
          hostname: d.name,
          type: d.type,
          health: d.health,
          state: d.state,
          current_job: d.job ?? null,
          pipeline: true,
        })),
  ],
  [
    'scheduler.device_types.list',
    (lab) =>
      lab.types.map((name) => ({
        name,
        devices: [...lab.devices.values()].filter(({ type }) => type === name).length,
        installed: true,
        template: true,
      })),
  ],
  ['scheduler.devices.show', (lab, _user, params) => showDevice(lab, params[0])],
  [
    'scheduler.workers.list',
    (lab) => [...lab.workers.values()].filter((worker) => !worker.hidden).map(({ name }) => name),
  ],
  ['scheduler.workers.show', (lab, _user, params) => showWorker(lab, params[0])],
  ['scheduler.tags.list', (lab) => lab.tags.map((name) => ({ name, description: name }))],
  [
    'scheduler.tags.show',
    (lab, _user, params) => {
      const name = String(params[0]);
      if (!lab.tags.includes(name)) throw new RpcFault(404, `Tag '${name}' was not found.`);
      const devices = [...lab.devices.values()].filter(({ tags }) => tags.includes(name)).map((d) => d.name);
      return { name, description: name, devices };
    },
  ],
  [
    'scheduler.pending_jobs_by_device_type',
    (lab, user) => {
      const waiting = visibleJobs(lab, user).filter(({ state }) => state === 'Submitted');
      const types = new Set([...lab.devices.values()].map(({ type }) => type));
      return Object.fromEntries(
        [...types].map((type) => [type, waiting.filter((job) => job.definition.device_type === type).length]),
      );
    },
  ],
]);
