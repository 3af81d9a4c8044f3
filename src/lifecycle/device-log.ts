// Notes what each device of a lab does whenever LAVA says it, for the pages that show it over time.
import type { Outage } from '../engine/outage.ts';
import type { Board, Inventory } from '../lava/inventory.ts';
import type { SeenDevice, Store } from '../store/index.ts';

interface Ports {
  store: Pick<Store, 'sawDevices'>;
  storeOutage: Outage;
  /** Nothing is noted after it fires: the store closes. */
  signal: AbortSignal;
}

/** Takes what a lab's LAVA said at `at` (ms) of its devices. A failure of the store is reported, and costs that look alone. */
export function createDeviceLog({
  store,
  storeOutage,
  signal,
}: Ports): (lab: string, inventory: Inventory, at: number) => void {
  return (lab, { boards }, at) => {
    if (!signal.aborted) store.sawDevices(lab, at, boards.map(seen)).catch(storeOutage.failed);
  };
}

function seen({ name, online, free, reason = '' }: Board): SeenDevice {
  return { device: name, state: free ? 'idle' : online ? 'busy' : 'down', why: reason };
}
