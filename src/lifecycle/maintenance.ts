// What is done now and then: labs that are away are asked whether they are back, and what is older than it is kept goes.
import { errorText, TemporaryError } from '../core/errors.ts';
import { DAY, HOUR, SECOND, sleep, type Clock } from '../core/time.ts';
import type { Logger } from 'pino';
import type { BridgeConfig } from '../config/schema.ts';
import type { OpenLogs } from '../storage/open.ts';
import type { LabPorts } from './labs.ts';
import type { Lab } from './lab.ts';
import { blobFolder, type Blobs, type Store } from '../store/index.ts';

/** What maintenance uses. */
export type MaintenancePorts = LabPorts & {
  store: Pick<Store, 'forget' | 'forgetDevices'>;
  blobs: Pick<Blobs, 'remove'>;
  logs: Pick<OpenLogs, 'local'>;
  config: Pick<BridgeConfig, 'storage'>;
  log: Logger;
  now: Clock;
  /** Removes what else is too old to matter. */
  removeOther: () => Promise<void>;
};

const PROBE_EVERY = 15 * SECOND;
/** How long ended jobs are kept whose logs are elsewhere, and what devices did. */
const KEEP = 90 * DAY;
const SWEEP_AT_ONCE = 500;

/** Runs until the signal fires. */
export async function runMaintenance(ports: MaintenancePorts, signal: AbortSignal): Promise<void> {
  await Promise.all([
    ...[...ports.labs.values()].map((lab) => probe(lab, ports, signal)),
    sweep(ports, signal),
  ]);
}

async function probe(lab: Lab, ports: MaintenancePorts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (lab.state().status !== 'up') {
      await lab
        .call((c) => c.version())
        .catch((error: unknown) => {
          if (error instanceof TemporaryError) return;
          ports.log.error({ lab: lab.name, error: errorText(error) }, 'the lab answers oddly');
        });
    }
    await sleep(PROBE_EVERY, signal);
  }
}

async function sweep(ports: MaintenancePorts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await removeOld(ports);
    } catch (error) {
      ports.log.error({ error: errorText(error) }, 'what is old could not be removed');
    }
    await sleep(HOUR, signal);
  }
}

async function removeOld(ports: MaintenancePorts): Promise<void> {
  const { storage } = ports.config;
  await ports.logs.local?.sweep(ports.now());
  await ports.removeOther();
  const before = ports.now() - (storage.kind === 'local' ? storage.max_age : KEEP);
  await ports.store.forgetDevices(ports.now() - KEEP);
  for (;;) {
    const gone = await ports.store.forget(before, SWEEP_AT_ONCE);
    for (const id of gone) await ports.blobs.remove(blobFolder(id));
    if (gone.length < SWEEP_AT_ONCE) return;
  }
}
