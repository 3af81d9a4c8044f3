// Makes the LAVA job definition of the next attempt and stores it, checked, with a submission key that no other job in
// the world carries.
import { RequestError } from '../../core/errors.ts';
import { SECOND, type Clock } from '../../core/time.ts';
import type { Change, JobRecord, Store } from '../../store/index.ts';
import type { EarlierRun, EarlierRuns } from '../earlier-runs.ts';
import { labOf } from '../labs.ts';
import { orderedEnding, type Outcome, type Stage } from '../model.ts';
import { renderJob, type RenderPorts } from '../render.ts';
import { nextTurn, type AgainPorts } from '../retries.ts';

/** What it uses. */
export type RenderedPorts = RenderPorts &
  AgainPorts & {
    store: Pick<Store, 'attempts' | 'request' | 'instanceId'>;
    earlier: Pick<EarlierRuns, 'find'>;
    now: Clock;
  };

const LOOK_AGAIN = 30 * SECOND;

export const rendered: Stage<RenderedPorts> = { run };

async function run(job: JobRecord, ports: RenderedPorts): Promise<Outcome> {
  const ending = orderedEnding(job);
  if (ending !== undefined) return { kind: 'end', ending };
  const attempts = await ports.store.attempts(job.id);
  const request = await ports.store.request(job.id);
  const last = attempts.at(-1)?.n ?? 0;
  const found = await ports.earlier.find(job.lab, request.node);
  const earlier = found !== undefined && found.n > last ? found : undefined;
  const { wait: reason, device } = earlier === undefined ? await nextTurn(job, attempts, ports) : {};
  if (reason !== undefined) {
    const pause = Math.min(LOOK_AGAIN, labOf(ports, job.lab).config.retries.pause);
    return { kind: 'wait', until: ports.now() + pause, reason };
  }
  const n = earlier?.n ?? last + 1;
  const submissionKey = earlier?.submissionKey ?? `${ports.store.instanceId}.${job.nodeId}.${n}`;
  try {
    const lab = labOf(ports, job.lab);
    const marks = { mark: submissionKey, device };
    const result = await renderJob(request, job.lab, marks, ports);
    const newAttempt = {
      jobId: job.id,
      n,
      lab: job.lab,
      submissionKey,
      definition: result.definition,
      expectedTests: result.expectedTests,
      deviceType: result.deviceType,
      jobTimeout: result.jobTimeoutMs,
      // An own template may set none; then only the bridge ends the waiting.
      queueTimeout: result.queueTimeoutMs > 0 ? result.queueTimeoutMs : lab.config.limits.queue_timeout,
    };
    const unread = result.unread.map((field) => `; ${field} is read by nothing`).join('');
    return {
      kind: 'done',
      note: `attempt ${n}, ${result.jobName}${unread}`,
      change: { newAttempt, ...(earlier === undefined ? {} : asSubmitted(earlier, ports.now())) },
    };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const errorCode = error.code === 'template' ? 'job_generation_error' : 'invalid_job_params';
    return { kind: 'end', ending: { kind: 'rejected', code: error.code, reason: error.message, errorCode } };
  }
}

/** The store lost that it was submitted: LAVA has it, so it goes on from there. */
function asSubmitted(
  { n, lavaId, submittedAt = 0 }: EarlierRun,
  now: number,
): Pick<Change, 'attempts' | 'entries'> {
  const at = submittedAt > 0 ? submittedAt : now;
  const text = `attempt ${n} was found in LAVA by its submission key, as job ${lavaId}`;
  return {
    attempts: new Map([[n, { lavaId, intentAt: at, sentAt: at, submittedAt: at }]]),
    entries: [{ kind: 'note', code: 'found', text }],
  };
}
