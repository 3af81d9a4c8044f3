// Devices whose last jobs all failed because of the lab: their power, network, console or boot loader needs somebody.
import type { Lab } from './lab.ts';
import type { Reader, Store } from '../store/index.ts';

/** A device that fails. */
export interface FailingDevice {
  lab: string;
  device: string;
  /** The rule of its last run's verdict. */
  rule: string;
}

/** What finding them uses. */
export interface FailingPorts {
  labs: ReadonlyMap<string, Pick<Lab, 'name' | 'knownInventory'>>;
  reader: Pick<Reader, 'lastRuns'>;
  store: Pick<Store, 'resumedAfter'>;
}

/**
 * The devices, as LAVA listed them last, whose last `inARow` runs all failed because of the lab. Runs from before the end of a
 * drain do not count: since then the device is taken to be mended.
 */
export async function failingDevices(
  { labs, reader, store }: FailingPorts,
  inARow: number,
): Promise<FailingDevice[]> {
  const failing: FailingDevice[] = [];
  for (const { name: lab, knownInventory } of labs.values()) {
    const devices = knownInventory()?.inventory.boards.map(({ name }) => name) ?? [];
    for (const [device, runs] of await reader.lastRuns(lab, devices, inARow)) {
      const [last] = runs;
      if (last === undefined || runs.length < inARow) continue;
      if (!runs.every(({ layer }) => layer === 'harness')) continue;
      const resumedAfter = (await store.resumedAfter(lab, device)) ?? 0;
      if (runs.every(({ finishedAt }) => finishedAt > resumedAfter))
        failing.push({ lab, device, rule: last.rule });
    }
  }
  return failing;
}
