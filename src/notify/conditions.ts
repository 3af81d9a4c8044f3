// What an admin is notified of: conditions that hold for a while. Pure: the same facts, the same conditions.
import { formatDuration, rfc3339 } from '../core/time.ts';
import type { FailingDevice } from '../lifecycle/failing-devices.ts';
import type { KnownPart } from '../lifecycle/parts.ts';
import type { Disk, Drain } from '../store/index.ts';

/** Something that holds now; `key` says which it is, the same for as long as it holds. */
export interface Condition {
  key: string;
  /** One line, for people. */
  text: string;
}

/** What is known now. */
export interface Facts {
  parts: readonly KnownPart[];
  /** Deliveries that were refused for good, by destination. */
  parked: ReadonlyMap<string, number>;
  /** Devices whose last jobs all failed because of the lab. */
  failing: readonly FailingDevice[];
  /** What stops new work. */
  drains: readonly Drain[];
  /** Damaged stores that were set aside. */
  damaged: readonly string[];
  disks: readonly Disk[];
}

/** When each becomes a condition (ms, bytes). */
export interface Limits {
  awayAfter: number;
  diskFree: number;
  /** Failures of a device in a row. */
  harnessFailures: number;
}

/** All conditions that hold at `now` (ms). */
export function conditionsOf(
  { parts, parked, failing, drains, damaged, disks }: Facts,
  limits: Limits,
  now: number,
): Condition[] {
  return [
    ...parts
      .filter(
        ({ kind, status, since }) =>
          kind !== 'events' && status === 'down' && now - since >= limits.awayAfter,
      )
      .map(({ kind, name, since, why }) => ({
        key: `away ${kind} ${name}`,
        text: `${nameOf(kind, name)} is down since ${rfc3339(since)} (${formatDuration(now - since)}): ${why ?? 'no answer'}`,
      })),
    ...[...parked].map(([destination, n]) => ({
      key: `parked ${destination}`,
      text: `${n} deliveries to ${destination} were refused and are parked: \`lava-bridge jobs show\` has the reasons`,
    })),
    ...failingConditions(failing, drains, limits),
    ...damaged.map((file) => ({
      key: `damaged ${file}`,
      text: `the store was damaged, and is set aside as ${file}: docs/backup.md says what that means and what to do`,
    })),
    ...disks
      .filter(({ free }) => free < limits.diskFree)
      .map(({ folders, free }) => ({
        key: `disk ${folders}`,
        text: `only ${Math.round(free / 1024 ** 2)} MiB are free on the disk of ${folders}`,
      })),
  ];
}

/** A device that the bridge drained counts as failing until that ends, however its last jobs went. */
function failingConditions(
  failing: readonly FailingDevice[],
  drains: readonly Drain[],
  { harnessFailures }: Limits,
): Condition[] {
  const drained = drains.filter(({ untilHealthy }) => untilHealthy);
  const isDrained = (one: FailingDevice): boolean =>
    drained.some(({ lab, device }) => lab === one.lab && device === one.device);
  const look = 'look at its power, network and console';
  return [
    ...drained.map(({ lab, device, why }) => ({
      key: `failing ${lab} ${device}`,
      text: `the device ${device} of ${lab} is drained: ${why}: ${look}`,
    })),
    ...failing
      .filter((one) => !isDrained(one))
      .map(({ lab, device, rule }) => ({
        key: `failing ${lab} ${device}`,
        text: `the device ${device} of ${lab} failed ${harnessFailures} jobs in a row because of the lab (the last by the rule ${rule}): ${look}; its health in LAVA keeps jobs away meanwhile`,
      })),
  ];
}

function nameOf(kind: KnownPart['kind'], name: string): string {
  switch (kind) {
    case 'lab':
      return `the lab ${name}`;
    case 'events':
      return `the event stream of ${name}`;
    case 'callbacks':
      return `the way of callbacks from ${name}`;
    case 'destination':
      return name;
    case 'store':
      return 'the store';
  }
}
