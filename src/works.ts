// The work that goes on for ever, by name: each runs in one daemon of those on a database at a time, under a lease, and stores
// what it decides through a store that is bound to that.
import type { BridgeConfig } from './config/schema.ts';
import type { Held, Work } from './engine/lease.ts';
import type { Outbox } from './engine/outbox.ts';
import type { Runner } from './engine/runner.ts';
import { DAY } from './core/time.ts';
import type { HostFetch } from './intake/host-fetch.ts';
import { followMaestro, type FollowPorts } from './intake/follow-maestro.ts';
import { forgetRuns, type ForgetPorts } from './intake/triggers.ts';
import { drainFailingDevices, type DeviceDrainPorts } from './lifecycle/device-drains.ts';
import type { EarlierRuns } from './lifecycle/earlier-runs.ts';
import type { Lab } from './lifecycle/lab.ts';
import { followEvents, type EventPorts } from './lifecycle/lava-events.ts';
import { probe, sweep, type MaintenancePorts } from './lifecycle/maintenance.ts';
import { cancelSecondJobs } from './lifecycle/second-jobs.ts';
import { askParts, type Heard, type Part } from './lifecycle/parts.ts';
import { forgetCrashes } from './lifecycle/set-aside.ts';
import { readyStages, type StagePorts } from './lifecycle/stages/table.ts';
import { createStep, type StepOptions } from './lifecycle/step.ts';
import type { MaestroClient } from './maestro/client.ts';
import { notifyAdmins } from './notify/facts.ts';
import { sendSummaries } from './notify/summaries.ts';
import type { OwnFiles } from './storage/own-files.ts';
import type { DeliveryRecord, DueDelivery, Half, JobRecord, LeasedStore, Store } from './store/index.ts';

/** What the works use of the daemon, but for the store. */
export type WorkPorts = Omit<
  StagePorts &
    Omit<StepOptions, 'stages'> &
    EventPorts &
    Omit<MaintenancePorts, 'removeOther'> &
    FollowPorts &
    DeviceDrainPorts &
    ForgetPorts &
    Omit<Parameters<typeof notifyAdmins>[0] & Parameters<typeof sendSummaries>[0], 'every'>,
  'store'
> & {
  config: BridgeConfig;
  store: Store;
  labs: ReadonlyMap<string, Lab>;
  files: Pick<OwnFiles, 'sweep'>;
};

/** What else makes up the works. */
export interface WorkParts {
  ports: WorkPorts;
  runner: Runner<JobRecord>;
  outbox: Outbox<DueDelivery, DeliveryRecord>;
  destinations: readonly { name: string }[];
  /** Maestro without a circuit: the feed has its own pauses. */
  maestro: MaestroClient | undefined;
  fetch: HostFetch;
  earlier: Pick<EarlierRuns, 'search'>;
  /** All parts outside that can be asked. */
  parts: readonly Part[];
  /** By lab what its event stream is heard by. */
  streams: ReadonlyMap<string, Heard>;
  /** Takes note of what was under way when a daemon died, before anything of it is done again. */
  learn: () => Promise<void>;
  /** How often the parts are asked, and conditions looked at (ms). */
  every: { askParts?: number | undefined; notify?: number | undefined };
}

const DESTINATION = 'destination ';
const FROM_MAESTRO: ReadonlySet<string> = new Set(['pull_labs', 'lava_pull', 'triggers']);

/** All the work of this configuration. */
export function worksOf(all: WorkParts): Work[] {
  const { ports, maestro, destinations } = all;
  const { config, labs } = ports;
  const fed = [...labs.values()].filter(({ config: lab }) => lab.accept.some((way) => FROM_MAESTRO.has(way)));
  const works = [
    ...[...labs.values()].map((lab) => labWork(lab, all)),
    ...destinations.map(({ name }) => destinationWork(name, all)),
    maintenanceWork(all),
  ];
  // A daemon that has other labs follows Maestro for those itself: that both take the same in does no harm.
  if (maestro && config.maestro && fed.length > 0)
    works.push(feedWork(`feed ${namesOf(fed)}`, maestro, config.maestro, all));
  if (ports.senders.size > 0) works.push(notifyWork(all));
  return works;
}

function namesOf(labs: readonly Lab[]): string {
  return labs
    .map(({ name }) => name)
    .toSorted()
    .join(' ');
}

/** The ports with the store under this lease. */
function under(held: Held, { ports }: WorkParts): Omit<WorkPorts, 'store'> & { store: LeasedStore } {
  return { ...ports, store: ports.store.under(held.lease) };
}

/** A lab's jobs, events, probes and devices. */
function labWork(lab: Lab, all: WorkParts): Work {
  const { runner, parts, streams, learn, every } = all;
  const { name } = lab;
  return {
    name: `lab ${name}`,
    async run(held, signal) {
      const own = under(held, all);
      const { store, now, log } = own;
      await learn();
      const step = createStep({ ...own, stages: readyStages(own) });
      const jobsOf = (half: Half): Promise<void> => {
        const lane = { lab: name, half };
        const due = (limit: number): Promise<JobRecord[]> => store.due(lane, now(), limit);
        return runner.run(name, { due, nextDue: () => store.nextDue(lane, now()), step }, signal);
      };
      await Promise.all([
        jobsOf('toLava'),
        jobsOf('fromLava'),
        followEvents(lab, own, streams.get(name), signal),
        probe(lab, log, signal),
        cancelSecondJobs(lab, own, signal),
        drainFailingDevices({ ...own, labs: new Map([[name, lab]]) }, { every: every.notify, signal }),
        askParts(
          parts.filter((part) => part.kind === 'lab' && part.name === name),
          { now, every: every.askParts, signal },
        ),
      ]);
    },
  };
}

/** The deliveries to a destination. */
function destinationWork(name: string, all: WorkParts): Work {
  const { outbox, parts, learn, every } = all;
  return {
    name: `${DESTINATION}${name}`,
    async run(held, signal) {
      const { store, now } = under(held, all);
      await learn();
      await Promise.all([
        outbox.send(name, store, signal),
        askParts(
          parts.filter((part) => part.kind === 'destination' && part.name === name),
          { now, every: every.askParts, signal },
        ),
      ]);
    },
  };
}

/** What Maestro has for these labs. */
function feedWork(
  name: string,
  maestro: MaestroClient,
  settings: NonNullable<BridgeConfig['maestro']>,
  all: WorkParts,
): Work {
  return {
    name,
    async run(held, signal) {
      await all.learn();
      await followMaestro(under(held, all), maestro, settings, all.fetch, signal);
    },
  };
}

/** What is old goes, and what the store has lost is looked for. */
function maintenanceWork(all: WorkParts): Work {
  return {
    name: 'maintenance',
    async run(held, signal) {
      const own = under(held, all);
      await Promise.all([
        sweep({ ...own, removeOther: () => forgetOther(own) }, signal),
        all.outbox.sweep(() => destinationsOf(all), own.store, signal),
        all.earlier.search(signal),
      ]);
    },
  };
}

/** What daemons knew of work that none of them has had for so long (ms): of a lab or a destination that is no more. */
const STATES_KEPT_FOR = 7 * DAY;

async function forgetOther(
  ports: ForgetPorts & Pick<WorkPorts, 'files' | 'now'> & { store: Pick<Store, 'leases'> },
): Promise<void> {
  await ports.files.sweep(ports.now());
  await ports.store.leases?.forgetStates(STATES_KEPT_FOR);
  await forgetRuns(ports);
  await forgetCrashes(ports);
}

/** The destinations of all daemons that are there. */
async function destinationsOf({ ports, destinations }: WorkParts): Promise<string[]> {
  const names = new Set(destinations.map(({ name }) => name));
  const { processes } = (await ports.store.leases?.sharedWork()) ?? { processes: [] };
  for (const name of processes.flatMap((one) => one.names)) {
    if (name.startsWith(DESTINATION)) names.add(name.slice(DESTINATION.length));
  }
  return [...names];
}

function notifyWork(all: WorkParts): Work {
  return {
    name: 'notifications',
    async run(held, signal) {
      const options = { ...under(held, all), every: all.every.notify };
      await Promise.all([notifyAdmins(options, signal), sendSummaries(options, signal)]);
    },
  };
}
