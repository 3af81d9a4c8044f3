// What is done now and then: labs that are away are asked whether they are back, and what is older than it is kept goes.
import { errorText, TemporaryError } from '../core/errors.ts';
import { isLostLease } from '../core/lease.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { HOUR, MINUTE, SECOND, sleep } from '../core/time.ts';
import type { Logger } from 'pino';
import type { Lab } from './lab.ts';
import { keepWithin, type RetentionPorts } from './retention.ts';

/** What maintenance uses. */
export type MaintenancePorts = RetentionPorts & {
  log: Logger;
  /** Removes what else is too old to matter. */
  removeOther: () => Promise<void>;
};

const PROBE_EVERY = 15 * SECOND;

/** Asks a lab that is away whether it is back, until the signal fires. */
export async function probe(lab: Lab, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (lab.state().status !== 'up') {
      await lab
        .call((c) => c.version())
        .catch((error: unknown) => {
          if (error instanceof TemporaryError) return;
          log.error({ lab: lab.name, error: errorText(error) }, 'the lab answers oddly');
        });
    }
    await sleep(PROBE_EVERY, signal);
  }
}

/** How long nothing is removed (ms): an hour, and less where something is kept for a short time only. */
export function sweepEvery({ jobs, evidence, logs }: BridgeConfig['retention']): number {
  const shortest = Math.min(jobs.max_age, evidence.max_age, logs.max_age);
  return Math.min(HOUR, Math.max(MINUTE, shortest / 10));
}

/** Removes what is old, now and then (sweepEvery), until the signal fires. */
export async function sweep(ports: MaintenancePorts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await removeOld(ports);
    } catch (error) {
      // The daemon that does this work now removes it.
      if (!isLostLease(error))
        ports.log.error({ error: errorText(error) }, 'what is old could not be removed');
    }
    await sleep(sweepEvery(ports.config.retention), signal);
  }
}

async function removeOld(ports: MaintenancePorts): Promise<void> {
  await ports.removeOther();
  await keepWithin(ports);
}
