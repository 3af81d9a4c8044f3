// What a lab could run now: devices joined with the workers that they are attached to. LAVA's list of devices does
// not say that a worker is offline, and a job for such a device waits for ever.
import type { LabFacts, LavaClient } from './client.ts';
import type { LavaDevice, LavaWorker } from './model.ts';

/** One board, and whether LAVA would give it a job. */
export interface Board {
  name: string;
  type: string;
  tags: string[];
  /** Whether jobs may wait for it: it is healthy, and so is its worker, as far as the user may see that. */
  online: boolean;
  /** The name of its worker, if the user may not see that: whether it is up is not known, and it counts as up. */
  unseenWorker: string | undefined;
  /** Whether a job would start on it at once. */
  free: boolean;
  /** Why it is not free; for people. */
  reason: string | undefined;
}

/** A lab's devices and its queue, at one moment. */
export interface Inventory {
  boards: Board[];
  /** Jobs that wait, by device type: those that the user may see. */
  queued: ReadonlyMap<string, number>;
}

/** How many boards there are for some need. */
export interface Supply {
  total: number;
  online: number;
  free: number;
  /** How many of those online are on a worker that the user may not see. */
  unseen: number;
  /** Jobs that wait for the type, whatever tags they want. */
  queued: number;
  /** Why boards are not online, a line each. */
  reasons: string[];
}

/** Asks the lab, in two requests. */
export async function readInventory(client: LavaClient, signal?: AbortSignal): Promise<Inventory> {
  return takeInventory(await client.facts(signal));
}

/** Joins devices, workers and tags. LAVA 2023.01's scheduler decides by the same rules (lava_scheduler_app/scheduler.py). */
export function takeInventory({ devices, workers, unseenWorkers, tags, queued }: LabFacts): Inventory {
  const workerOf = new Map(
    workers.flatMap((worker) => worker.devices.map((name) => [name, worker] as const)),
  );
  const load = new Map<LavaWorker, number>();
  for (const device of devices) {
    const worker = workerOf.get(device.name);
    if (worker && device.state !== 'Idle') load.set(worker, (load.get(worker) ?? 0) + 1);
  }
  const boards = devices.map((device): Board => {
    const worker = workerOf.get(device.name);
    const unseenWorker = unseenWorkers.get(device.name);
    const away = whyAway(device, worker ?? unseenWorker);
    const reason = away ?? whyBusy(device, worker, worker ? (load.get(worker) ?? 0) : 0);
    return {
      name: device.name,
      type: device.type,
      tags: [...tags].filter(([, names]) => names.includes(device.name)).map(([tag]) => tag),
      online: away === undefined,
      unseenWorker,
      free: reason === undefined,
      reason,
    };
  });
  return { boards, queued };
}

/** Whether LAVA gives a device of that health jobs. */
export function takesJobs(health: string): boolean {
  return health === 'Good' || health === 'Unknown';
}

/** `worker`: its name alone if the user may not see it. LAVA runs the user's jobs on it all the same. */
function whyAway(device: LavaDevice, worker: LavaWorker | string | undefined): string | undefined {
  if (!takesJobs(device.health)) return `its health is ${device.health}`;
  if (worker === undefined) return 'no worker has it';
  if (typeof worker === 'string') return undefined;
  if (worker.state !== 'Online') return `its worker ${worker.name} is ${worker.state}`;
  if (worker.health !== 'Active') return `its worker ${worker.name} is in ${worker.health}`;
  return undefined;
}

function whyBusy(device: LavaDevice, worker: LavaWorker | undefined, load: number): string | undefined {
  if (device.state !== 'Idle') return device.job === undefined ? 'it is busy' : `it runs job ${device.job}`;
  if (worker && worker.jobLimit > 0 && load >= worker.jobLimit) {
    return `its worker ${worker.name} is at its limit of ${worker.jobLimit} jobs`;
  }
  return undefined;
}

/** The boards of a type that have all the tags; LAVA gives a job only to one that has them all. */
export function boardsFor(inventory: Inventory, type: string, tags: readonly string[] = []): Board[] {
  return inventory.boards.filter((b) => b.type === type && tags.every((tag) => b.tags.includes(tag)));
}

/** Counts the boards for a need. */
export function supplyOf(inventory: Inventory, type: string, tags: readonly string[] = []): Supply {
  const boards = boardsFor(inventory, type, tags);
  return {
    total: boards.length,
    online: boards.filter(({ online }) => online).length,
    free: boards.filter(({ free }) => free).length,
    unseen: boards.filter((b) => b.online && b.unseenWorker !== undefined).length,
    queued: inventory.queued.get(type) ?? 0,
    reasons: boards.filter(({ online }) => !online).map(({ name, reason }) => `${name}: ${reason}`),
  };
}
