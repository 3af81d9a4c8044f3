// Keeps new jobs away from devices that fail again and again, where a lab wants that, until LAVA's health check of the device
// passes. All is stored: a restart changes nothing.
import type { Logger } from 'pino';
import { BridgeError, errorText } from '../core/errors.ts';
import { MINUTE, SECOND, sleep } from '../core/time.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { RunRecord, Store } from '../store/index.ts';
import { resumeWork, type ResumePorts } from './drains.ts';
import { failingDevices, type FailingPorts } from './failing-devices.ts';
import type { Lab } from './lab.ts';

/** What it uses. */
export type DeviceDrainPorts = Omit<FailingPorts, 'labs'> &
  ResumePorts & {
    store: Pick<Store, 'drains' | 'drainDevice' | 'resumedAfter'>;
    labs: ReadonlyMap<string, Lab>;
    config: Pick<BridgeConfig, 'notify'>;
    log: Logger;
  };

/** Runs until the signal fires; looks every `every` (ms). */
export async function drainFailingDevices(
  ports: DeviceDrainPorts,
  { every = MINUTE, signal }: { every?: number | undefined; signal: AbortSignal },
): Promise<void> {
  // Devices whose lab does not tell us of its health checks: said once.
  const untold = new Set<string>();
  while (!signal.aborted) {
    try {
      await begin(ports);
      await end(ports, untold);
    } catch (error) {
      ports.log.warn({ error: errorText(error) }, 'it is not known which devices fail');
    }
    await sleep(every, signal);
  }
}

async function begin(ports: DeviceDrainPorts): Promise<void> {
  const { labs, store, log, config } = ports;
  const wanted = new Map([...labs].filter(([, lab]) => lab.config.drain_failing));
  if (wanted.size === 0) return;
  const inARow = config.notify.harness_failures;
  const failing = await failingDevices({ ...ports, labs: wanted }, inARow);
  if (failing.length === 0) return;
  const drains = await store.drains();
  for (const { lab, device, rule } of failing) {
    if (drains.some((d) => d.lab === lab && d.device === device)) continue;
    const why = `${inARow} jobs in a row failed because of the lab (the last by the rule ${rule}); drained by lava-bridge until LAVA’s health check of it passes`;
    await store.drainDevice(lab, device, why, { untilHealthy: true });
    log.warn({ order: 'drain', lab, device, rule, by: 'lava-bridge' }, `${device} is drained: ${why}`);
  }
}

async function end(ports: DeviceDrainPorts, untold: Set<string>): Promise<void> {
  const { labs, store, reader, log } = ports;
  for (const drain of await store.drains()) {
    const lab = labs.get(drain.lab);
    if (!drain.untilHealthy || lab === undefined) continue;
    const { device } = drain;
    try {
      const [last] = (await reader.lastRuns(drain.lab, [device], 1)).get(device) ?? [];
      const passed = await passedHealthJob(lab, device, last);
      if (passed === 'untold') {
        const key = `${drain.lab} ${device}`;
        if (!untold.has(key))
          log.warn(
            { lab: drain.lab, device },
            `LAVA’s REST API does not say whether a health check of ${device} passed: it stays drained until somebody ends that (lava-bridge resume ${drain.lab} --device ${device})`,
          );
        untold.add(key);
      } else if (passed !== undefined && (await resumeWork(drain, ports))) {
        const fields = { order: 'resume', lab: drain.lab, device, health_job: passed, by: 'lava-bridge' };
        log.info(fields, `${device} takes jobs again: LAVA’s health check ${passed} passed`);
      }
    } catch (error) {
      // A lab that is away is said elsewhere; the others go on.
      if (!(error instanceof BridgeError)) throw error;
      log.debug({ lab: drain.lab, device, error: errorText(error) }, 'its health check is not known');
    }
  }
}

/**
 * The health check of the device that passed after its last run; undefined: none did yet. Both times are LAVA's own, in whole
 * seconds: of what ended in the same one, the later job has the higher id.
 */
async function passedHealthJob(
  lab: Lab,
  device: string,
  last: Pick<RunRecord, 'finishedAt' | 'lavaId'> | undefined,
): Promise<number | 'untold' | undefined> {
  const id = await lab.call((client) => client.lastHealthJob(device));
  if (id === undefined) return 'untold';
  const job = id === null ? undefined : await lab.show(id);
  if (id === null || job?.state !== 'Finished' || job.health !== 'Complete') return undefined;
  const ended = Math.floor((job.finishedAt ?? 0) / SECOND);
  const before = Math.floor((last?.finishedAt ?? 0) / SECOND);
  return ended > before || (ended === before && id > (last?.lavaId ?? 0)) ? id : undefined;
}
