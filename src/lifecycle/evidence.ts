// Stores what LAVA has to say of a finished job: its record, its cases and its log, from the callback if that came
// whole, else fetched. What is stored is the same whichever way it came.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorText, PermanentError } from '../core/errors.ts';
import { parseJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { readOutline } from '../definition/definition-summary.ts';
import { parseCallback } from '../lava/callback.ts';
import type { LavaJob, LavaJobInfo } from '../lava/model.ts';
import { parseResults } from '../lava/results.ts';
import {
  blobFolder,
  type AttemptChange,
  type AttemptRecord,
  type Blobs,
  type CallbackRecord,
  type EvidenceSource,
  type JobRecord,
  type Store,
} from '../store/index.ts';
import type { Clock } from '../core/time.ts';
import type { Lab } from './lab.ts';
import { labOf, type LabPorts } from './labs.ts';

/** What storing evidence uses. */
export type EvidencePorts = LabPorts & {
  store: Pick<Store, 'note' | 'definition'>;
  blobs: Pick<Blobs, 'put' | 'move' | 'remove'>;
  now: Clock;
};

const unzip = promisify(gunzip);
/** Lines of log that one call asks for: some MB at most, so that a lab's web worker is not held long. */
const PAGE = 20_000;

/** What LAVA itself did and saw. */
const LAVA_SUITE = 'lava';

/** The name of an attempt's log among the blobs. */
function logName(attempt: Pick<AttemptRecord, 'jobId' | 'n'>): string {
  return `${blobFolder(attempt.jobId)}/${attempt.n}.yaml.gz`;
}

/** Stores the log and returns where the evidence came from, and what is to be stored with the attempt. May be repeated. */
export async function storeEvidence(
  job: JobRecord,
  attempt: AttemptRecord,
  info: LavaJobInfo,
  callback: CallbackRecord | undefined,
  ports: EvidencePorts,
): Promise<{ source: EvidenceSource; change: AttemptChange }> {
  const reported = callback === undefined ? undefined : await fromCallback(callback, ports);
  const isWhole =
    reported !== undefined &&
    reported.hasResults &&
    (reported.job.cases.length > 0 || info.device === undefined);
  const lab = labOf(ports, job.lab);
  // Ours, as it was submitted: what others say it was is not read.
  const definition = await ports.store.definition(job.id, attempt.n);
  const log = logName(attempt);
  const reportedLog = isWhole ? (callback?.log ?? null) : null;
  const [cases, hasLog] = await bothEnded(
    isWhole ? reported.job.cases : fetchCases(job, info, definition, ports),
    storeLog(log, reportedLog, info, lab, ports),
  );
  const lavaJob: LavaJob = {
    ...recordOf(info, reported?.job),
    deviceTakenAway: await isDeviceTakenAway(job, attempt, info, lab),
    definition,
    cases,
  };
  const source = isWhole ? 'callback' : 'fetched';
  const change = {
    lavaState: info.state,
    device: info.device ?? null,
    finishedAt: lavaJob.finishedAt ?? ports.now(),
    lavaJob,
    log: hasLog ? log : null,
    evidence: source,
  } as const;
  return { source, change };
}

/** What came of both, when neither goes on any more: what is begun again must not meet what is under way. */
async function bothEnded<A, B>(one: A | Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const all = [Promise.resolve(one), other] as const;
  await Promise.allSettled(all);
  return Promise.all(all);
}

/** From the callback, or fetched. False if there is none. */
async function storeLog(
  name: string,
  reported: string | null,
  { id, device }: LavaJobInfo,
  lab: Lab,
  ports: EvidencePorts,
): Promise<boolean> {
  if (reported !== null && (await ports.blobs.move(reported, name))) return true;
  return device !== undefined && putLog(name, fetchLog(id, lab), ports);
}

/** The job's record: LAVA's answer, and from the callback what that lacks; the start is the callback's if it has one. */
function recordOf(
  info: LavaJobInfo,
  reported: LavaJob | undefined,
): Omit<LavaJob, 'definition' | 'cases' | 'deviceTakenAway'> {
  return {
    id: info.id,
    state: info.state,
    health: info.health,
    device: info.device,
    submittedAt: info.submittedAt ?? reported?.submittedAt,
    startedAt: reported?.startedAt ?? info.startedAt,
    finishedAt: info.finishedAt ?? reported?.finishedAt,
    description: info.description ?? reported?.description,
    failureComment: info.failureComment ?? reported?.failureComment,
    ...(info.errorType === undefined
      ? {}
      : { error: { type: info.errorType, message: info.errorMsg ?? '' } }),
  };
}

/**
 * Whether a cancel is the lab's: LAVA cancels the job of a device that is retired (lava_scheduler_app/signals.py), in its
 * submitter's name, and says no more of it than of any other cancel. What we asked for ourselves is not.
 */
async function isDeviceTakenAway(
  job: JobRecord,
  attempt: AttemptRecord,
  { health, device: name }: LavaJobInfo,
  lab: Lab,
): Promise<boolean> {
  if (health !== 'Canceled' || name === undefined) return false;
  if (job.cancel !== null || attempt.cancelAt !== null) return false;
  const device = await lab.call((c) => c.device(name));
  return device === undefined || device.health === 'Retired' || device.health === 'Maintenance';
}

/** undefined if it can't be read: then all is fetched. */
async function fromCallback(
  callback: CallbackRecord,
  ports: EvidencePorts,
): Promise<ReturnType<typeof parseCallback> | undefined> {
  const body = await unzip(callback.body);
  try {
    return parseCallback(parseJson(body.toString('utf8'), PARSE_LIMITS.callback));
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const text = `the callback is of no use, the evidence is fetched: ${errorText(error)}`;
    await ports.store.note(callback.jobId, [{ kind: 'error', code: 'callback_unread', text }]);
    return undefined;
  }
}

/** None if they cannot be read, which would not change: then the job is judged by the rest. */
async function fetchCases(
  job: JobRecord,
  info: LavaJobInfo,
  definition: string,
  ports: EvidencePorts,
): Promise<LavaJob['cases']> {
  if (info.device === undefined) return [];
  const likely = [LAVA_SUITE, ...readOutline(definition).suites.map(({ name }) => name)];
  try {
    return parseResults(await labOf(ports, job.lab).call((c) => c.fetchResults(info.id, likely)));
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== 'bad_results') throw error;
    await ports.store.note(job.id, [
      {
        kind: 'error',
        code: error.code,
        text: `the results are unreadable, the job is judged without them: ${errorText(error)}`,
      },
    ]);
    return [];
  }
}

async function* fetchLog(id: number, lab: Lab): AsyncGenerator<string> {
  for (let line = 0; ;) {
    const page = await lab.call((c) => c.logs(id, line, PAGE));
    if (page.lines === 0) return;
    line += page.lines;
    yield page.text;
    if (!page.more) return;
  }
}

/** False if there was nothing to put. */
async function putLog(name: string, source: AsyncIterable<string>, ports: EvidencePorts): Promise<boolean> {
  let size = 0;
  async function* counted(): AsyncGenerator<string> {
    for await (const chunk of source) {
      size += chunk.length;
      yield chunk;
    }
  }
  await ports.blobs.put(name, counted());
  if (size > 0) return true;
  await ports.blobs.remove(name);
  return false;
}
