// Cancels LAVA jobs that were made twice: a daemon was stopped in the midst of a submission for so long that another had to submit
// again. Which they are is stored, so whoever does the lab's work cancels them, however often it fails.
import type { Logger } from 'pino';
import { errorText, TemporaryError } from '../core/errors.ts';
import { SECOND, sleep } from '../core/time.ts';
import type { Outage } from '../engine/outage.ts';
import type { Store } from '../store/index.ts';
import type { Lab } from './lab.ts';

/** What it uses. */
export interface SecondJobPorts {
  store: Pick<Store, 'secondJobs' | 'forgetSecondJob' | 'openAttempts'>;
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
      for (const id of await store.secondJobs(lab.name)) await cancel(lab, id, ports);
    } catch (error) {
      // That the lab is away is said elsewhere; the job is still there with the next look.
      if (!(error instanceof TemporaryError)) storeOutage.failed(error);
    }
    await sleep(LOOK_EVERY, signal);
  }
}

async function cancel(lab: Lab, lavaId: number, { store, log }: SecondJobPorts): Promise<void> {
  // A lab that is set up again counts its jobs from 1: the id may be that of another attempt by now.
  const isOurs = (await store.openAttempts(lab.name, lavaId)).length > 0;
  const refusal = isOurs ? 'it is the job of another attempt' : await refusalOf(lab, lavaId);
  await store.forgetSecondJob(lab.name, lavaId);
  const facts = { lab: lab.name, lava: lavaId };
  if (refusal === undefined) log.info(facts, `LAVA job ${lavaId}, which was made twice, is cancelled`);
  else log.warn(facts, `LAVA job ${lavaId}, which was made twice, is left alone: ${refusal}`);
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
