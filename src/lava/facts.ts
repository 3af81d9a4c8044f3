// Devices, workers, tags and queue of a lab, asked for in two requests (three where workers are hidden).
import * as answers from './answers.ts';
import { read, to, type CheckedCalls } from './checked-calls.ts';
import type { LavaDevice, LavaWorker } from './model.ts';
import type { Outcome } from './xmlrpc.ts';

/** What an inventory is made of. */
export interface LabFacts {
  /** All devices but retired ones. */
  devices: LavaDevice[];
  /** Those that the user may see: workers have a permission of their own (LAVA 2023.08). */
  workers: LavaWorker[];
  /** The names of workers that the user may not see, by device. */
  unseenWorkers: Map<string, string>;
  /** Names of devices by tag. */
  tags: Map<string, string[]>;
  /** Jobs that wait, by device type: those that the user may see. */
  queued: Map<string, number>;
}

/** First the lists, then each worker and each tag: they know their devices, and there are fewer of them. */
export async function fetchFacts({ sendAll }: CheckedCalls, signal?: AbortSignal): Promise<LabFacts> {
  const [devices, workerList, tagList, queue] = await sendAll(
    [
      to('scheduler.devices.list'),
      to('scheduler.workers.list'),
      to('scheduler.tags.list'),
      to('scheduler.pending_jobs_by_device_type'),
    ],
    signal,
  );
  const workers = read(answers.Names, 'scheduler.workers.list', workerList);
  const tags = read(answers.Tags, 'scheduler.tags.list', tagList);
  const details = await sendAll(
    [
      ...workers.map((name) => to('scheduler.workers.show', name)),
      ...tags.map(({ name }) => to('scheduler.tags.show', name)),
    ],
    signal,
  );
  const shownTags = details.slice(workers.length).filter(isThere);
  const facts = {
    devices: read(answers.Devices, 'scheduler.devices.list', devices),
    workers: details
      .slice(0, workers.length)
      .filter(isThere)
      .map((o) => read(answers.Worker, 'scheduler.workers.show', o)),
  };
  return {
    ...facts,
    unseenWorkers: await fetchUnseenWorkers(facts, sendAll, signal),
    tags: new Map(
      shownTags.map((o) => {
        const { name, devices } = read(answers.Tag, 'scheduler.tags.show', o);
        return [name, devices];
      }),
    ),
    queued: new Map(Object.entries(read(answers.QueueDepth, 'scheduler.pending_jobs_by_device_type', queue))),
  };
}

/** Of the devices that no worker names, LAVA is asked which worker they have; in most labs there are none. */
async function fetchUnseenWorkers(
  { devices, workers }: Pick<LabFacts, 'devices' | 'workers'>,
  sendAll: CheckedCalls['sendAll'],
  signal?: AbortSignal,
): Promise<LabFacts['unseenWorkers']> {
  const seen = new Set(workers.flatMap((worker) => worker.devices));
  const names = devices.map(({ name }) => name).filter((name) => !seen.has(name));
  if (names.length === 0) return new Map();
  const calls = names.map((name) => to('scheduler.devices.show', name));
  const outcomes = await sendAll(calls, signal);
  return new Map(
    names.flatMap((name, i) => {
      const outcome = outcomes[i];
      if (outcome === undefined || !isThere(outcome)) return [];
      const { worker } = read(answers.DeviceDetails, 'scheduler.devices.show', outcome);
      return worker === undefined || workers.some((w) => w.name === worker) ? [] : [[name, worker]];
    }),
  );
}

/** Not gone, nor hidden, since it was listed. */
function isThere(outcome: Outcome): boolean {
  return !('fault' in outcome) || ![403, 404].includes(outcome.fault.faultCode);
}
