// Notify callbacks as LAVA sends them: before the job is saved, one try, five seconds for the answer.
import { exchange } from '../../core/http-exchange.ts';
import { PARSE_LIMITS } from '../../core/parse/limits.ts';
import { parseYaml, yamlValue } from '../../core/parse/yaml.ts';
import { LAVA_HEALTHS } from '../../lava/model.ts';
import type { AgeFacts } from './age.ts';
import type { Callback } from './definition.ts';
import type { Lab } from './lab.ts';
import { logLine, strTime, yamlDump } from './python.ts';
import { exportCases, suiteNames } from './results.ts';
import { legacyStatus, stateNumber, type Next, type SimJob } from './model.ts';

/** LAVA's own setting CALLBACK_TIMEOUT. */
export const CALLBACK_TIMEOUT_MS = 5000;

/** One callback that is to be sent. */
export interface Outgoing {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** The callbacks that a job's change to `next` triggers. `secrets`: the submitter's tokens by name. */
export function callbacksFor(
  lab: Lab,
  job: SimJob,
  next: Next,
  secrets: ReadonlyMap<string, string>,
): Outgoing[] {
  const { notify } = job.definition;
  if (!notify || !matches(notify.criteria.status, next)) return [];
  const callbacks = notify.callbacks ?? (notify.callback ? [notify.callback] : []);
  return callbacks.map((callback) => outgoing(lab, job, next, callback, secrets));
}

function matches(status: string, { state, health }: Next): boolean {
  if (state === 'Running') return status === 'running' || status === 'all';
  return ['finished', 'all', health.toLowerCase()].includes(status);
}

function outgoing(
  lab: Lab,
  job: SimJob,
  next: Next,
  callback: Callback,
  secrets: ReadonlyMap<string, string>,
): Outgoing {
  const { token: name } = callback;
  const { age } = lab;
  // A name that LAVA does not find is sent as it is.
  const token = name === undefined ? undefined : (secrets.get(name) ?? name);
  const auth: Record<string, string> = token === undefined ? {} : { [callback.header]: token };
  const url = callback.url.replace(
    /\{\s*([A-Z_]+)\s*\}/g,
    (whole, key: string) => variable(job, next, key) ?? whole,
  );
  if (callback.method !== 'POST') return { method: 'GET', url, headers: auth, body: undefined };
  const payload = {
    ...basics(age, job, next),
    ...(token === undefined || !age.tokenInBody ? {} : { token }),
    ...dataset(lab, job, next, callback),
  };
  const isJson = callback['content-type'] === 'json';
  return {
    method: 'POST',
    url,
    headers: { ...auth, 'content-type': isJson ? 'application/json' : 'application/x-www-form-urlencoded' },
    body: isJson ? JSON.stringify(payload) : new URLSearchParams({ id: String(job.id) }).toString(),
  };
}

function variable(job: SimJob, next: Next, key: string): string | undefined {
  const [status, word] = legacyStatus(next.state, next.health);
  const known = new Map([
    ['ID', String(job.id)],
    ['STATUS', String(status)],
    ['STATUS_STRING', word],
    ['STATE', String(stateNumber(next.state))],
    ['HEALTH', String(LAVA_HEALTHS.indexOf(next.health))],
    ['DESCRIPTION', job.definition.job_name],
  ]);
  return known.get(key);
}

/** What every body has. LAVA 2023.01 reads the row before it is saved: so `end_time` is never there. */
function basics(age: AgeFacts, job: SimJob, next: Next): Record<string, unknown> {
  const [status, word] = legacyStatus(next.state, next.health);
  const definition = definitionOf(job);
  const endedAt = next.state === 'Finished' ? next.at : undefined;
  const startedAt = job.startedAt ?? next.at;
  return {
    id: job.id,
    status,
    status_string: word,
    state: stateNumber(next.state),
    state_string: next.state,
    health: LAVA_HEALTHS.indexOf(next.health),
    health_string: next.health,
    submit_time: strTime(job.submittedAt),
    start_time: strTime(age.callbackKnowsTimes ? startedAt : job.startedAt),
    end_time: strTime(age.callbackKnowsTimes ? endedAt : undefined),
    submitter_username: job.submitter,
    ...(age.submitterInBody ? { submitter_email: `${job.submitter}@localhost` } : {}),
    failure_comment: null,
    priority: job.priority,
    description: job.definition.job_name,
    actual_device_id: job.device?.name ?? null,
    definition: yamlDump(age, definition),
    metadata: age.callbackKnowsMetadata ? metadataOf(job.definition.metadata) : [],
    ...(age.submitterInBody ? { health_check: false } : {}),
  };
}

/** A mapping of one key each, with text. */
function metadataOf(metadata: unknown): Record<string, string>[] {
  if (typeof metadata !== 'object' || metadata === null) return [];
  return Object.entries(metadata).map(([key, value]) => ({ [key]: String(value) }));
}

function definitionOf(job: SimJob): unknown {
  return yamlValue(parseYaml(job.text, PARSE_LIMITS.yamlDocument, { version: '1.1' }), ({ value }) => value);
}

function dataset(lab: Lab, job: SimJob, next: Next, { dataset }: Callback): Record<string, unknown> {
  const final = next.state === 'Finished';
  const wants = (part: string): boolean => dataset === part || dataset === 'all';
  const entries = wants('logs') ? lab.runs.entries(job, final) : [];
  const log = entries
    .map(({ atMs, level, msg, namespace }) => logLine(lab.age, atMs, level, msg, namespace))
    .join('');
  return {
    ...(log === '' ? {} : { log }),
    ...(wants('results') ? { results: resultTexts(lab, job, final) } : {}),
  };
}

/** LAVA's YAML text by suite, in no particular order: what was stored last may stand in the middle. */
function resultTexts(lab: Lab, job: SimJob, final: boolean): Record<string, string> {
  const results = lab.runs.results(job, final);
  const texts = suiteNames(results).map((suite): [string, string] => {
    const cases = results.filter((r) => r.suite === suite);
    const middle = Math.floor(cases.length / 2);
    const shuffled = [...cases.slice(0, middle), ...cases.slice(-1), ...cases.slice(middle, -1)];
    return [suite, exportCases(lab.age, job.id, shuffled)];
  });
  return Object.fromEntries(texts);
}

/** Sends one; LAVA only logs what goes wrong, so nothing is thrown. Gives the HTTP status, or undefined. */
export async function send(
  { method, url, headers, body }: Outgoing,
  timeoutMs: number,
): Promise<number | undefined> {
  try {
    const answer = await exchange({
      method,
      url,
      headers: { ...headers, 'user-agent': 'python-requests/2.28.1' },
      ...(body === undefined ? {} : { body }),
      timeoutMs,
    });
    return answer.status;
  } catch {
    return undefined;
  }
}
