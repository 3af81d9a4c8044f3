// Cancels LAVA jobs that were made twice: a daemon was stopped in the midst of a submission for so long that another had to submit
// again. Which they may be is stored, so whoever does the lab's work cancels them, however often it fails; and only once their attempt
// has another LAVA job, or needs none: what is the only one may still be found and followed.
import type { Logger } from 'pino';
import { errorText, TemporaryError } from '../core/errors.ts';
import { SECOND, sleep } from '../core/time.ts';
import type { Outage } from '../engine/outage.ts';
import type { SecondJob, Store } from '../store/index.ts';
import type { Lab } from './lab.ts';

/** What it uses. */
export interface SecondJobPorts {
  store: Pick<Store, 'secondJobs' | 'forgetSecondJob' | 'openAttempts' | 'attempts' | 'job'>;
  log: Logger;
  storeOutage: Outage;
}

/** Before LAVA has a device for it, if one is to be waited for (ms). */
const LOOK_EVERY = 5 * SECOND;

/** Runs until the signal fires. */
export async function cancelSecondJobs(lab: Lab, ports: SecondJobPorts, signal: AbortSignal): Promise<void> {
  const { store, storeOutage } = ports;
  while (!signal.aborted) {
    try {
      for (const second of await store.secondJobs(lab.name)) await settle(lab, second, ports);
    } catch (error) {
      // That the lab is away is said elsewhere; the job is still there with the next look.
      if (!(error instanceof TemporaryError)) storeOutage.failed(error);
    }
    await sleep(LOOK_EVERY, signal);
  }
}

async function settle(lab: Lab, second: SecondJob, { store, log }: SecondJobPorts): Promise<void> {
  const { lavaId } = second;
  const fate = await fateOf(second, store);
  if (fate === 'open') return;
  if (fate === 'own') return store.forgetSecondJob(lab.name, lavaId);
  // A lab that is set up again counts its jobs from 1: the id may be that of another attempt by now.
  const isOurs = (await store.openAttempts(lab.name, lavaId)).length > 0;
  const refusal = isOurs ? 'it is the job of another attempt' : await refusalOf(lab, lavaId);
  await store.forgetSecondJob(lab.name, lavaId);
  const facts = { lab: lab.name, lava: lavaId };
  if (refusal === undefined) log.info(facts, `LAVA job ${lavaId}, which was made twice, is cancelled`);
  else log.warn(facts, `LAVA job ${lavaId}, which was made twice, is left alone: ${refusal}`);
}

/**
 * `second`: its attempt has another LAVA job, or needs none any more. `own`: it was found as the attempt's own. `open`: the attempt
 * has no LAVA job yet, and may find this one in LAVA.
 */
async function fateOf(
  { lavaId, jobId, n }: SecondJob,
  store: SecondJobPorts['store'],
): Promise<'second' | 'own' | 'open'> {
  const attempt = (await store.attempts(jobId)).find((one) => one.n === n);
  if (attempt === undefined) return 'second';
  if (attempt.lavaId !== null) return attempt.lavaId === lavaId ? 'own' : 'second';
  const job = await store.job(jobId);
  return job?.stage === 'rendered' && !job.done ? 'open' : 'second';
}

/** Cancels it; gives what LAVA has against that, which another try would not change. */
async function refusalOf(lab: Lab, lavaId: number): Promise<string | undefined> {
  try {
    await lab.call((client) => client.cancel(lavaId));
    return undefined;
  } catch (error) {
    if (error instanceof TemporaryError) throw error;
    return errorText(error);
  }
}
