// Notifies admins of what lasts: reads the parts, the parked deliveries and the disk.
import type { BridgeConfig } from '../config/schema.ts';
import type { Clock } from '../core/time.ts';
import { failingDevices } from '../lifecycle/failing-devices.ts';
import type { KnownPart } from '../lifecycle/parts.ts';
import type { StoreHealth } from '../lifecycle/store-health.ts';
import type { Lab } from '../lifecycle/lab.ts';
import type { Disk, Reader, Store } from '../store/index.ts';
import { conditionsOf, type Condition } from './conditions.ts';
import { runNotifier, type NotifierOptions } from './notifier.ts';

interface FactPorts {
  parts: () => Promise<KnownPart[]>;
  store: Pick<Store, 'deliveryCounts' | 'drains' | 'resumedAfter'>;
  storeHealth: Pick<StoreHealth, 'setAside'>;
  disks: () => Promise<Disk[]>;
  labs: ReadonlyMap<string, Lab>;
  reader: Pick<Reader, 'lastRuns'>;
  config: Pick<BridgeConfig, 'notify' | 'instance'>;
  now: Clock;
}

/** Runs until the signal fires. */
export function notifyAdmins(
  ports: FactPorts & Omit<NotifierOptions, 'conditions' | 'instance'>,
  signal: AbortSignal,
): Promise<void> {
  const { senders, store, log, now, every, config } = ports;
  const looks = { conditions: () => conditions(ports), instance: config.instance };
  return runNotifier({ senders, store, log, now, every, ...looks }, signal);
}

/** The conditions that hold now. What cannot be read is not known, and no condition. */
async function conditions(ports: FactPorts): Promise<Condition[]> {
  const { parts, store, storeHealth, config, now } = ports;
  const { away_after: awayAfter, disk_free: diskFree, harness_failures: harnessFailures } = config.notify;
  const [known, counts, disks] = await Promise.all([
    parts(),
    store.deliveryCounts().catch(() => []),
    ports.disks(),
  ]);
  const facts = {
    parts: known,
    parked: new Map(counts.filter(({ state }) => state === 'parked').map((c) => [c.destination, c.count])),
    failing: await failingDevices(ports, harnessFailures).catch(() => []),
    drains: await store.drains().catch(() => []),
    damaged: await storeHealth.setAside(),
    disks,
  };
  return conditionsOf(facts, { awayAfter, diskFree, harnessFailures }, now());
}
