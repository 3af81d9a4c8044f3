// What the HTTP side uses of the rest: jobs and labs to show, and the orders that an admin may give.
import type { Logger } from 'pino';
import type { Boards } from '../catalog/boards.ts';
import type { Plans } from '../catalog/plans.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { Clock } from '../core/time.ts';
import type { ReceivePorts } from '../intake/receive.ts';
import type { CallbackWatch } from '../lifecycle/callback-watch.ts';
import type { KnownPart } from '../lifecycle/parts.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { SharedStates } from '../lifecycle/shared-states.ts';
import type { StoreHealth } from '../lifecycle/store-health.ts';
import type { LogPorts } from '../lifecycle/live-log.ts';
import type { CancelPorts, DropPorts, RetryPorts } from '../lifecycle/orders.ts';
import type { RejudgePorts } from '../lifecycle/rejudge.ts';
import type { Reporting } from '../reporting/reporting.ts';
import type { OpenLogs } from '../storage/open.ts';
import type { OwnFiles } from '../storage/own-files.ts';
import type { Blobs, Disk, Reader, Store } from '../store/index.ts';

/** All that the HTTP side uses of the daemon. */
export type HttpPorts = ReceivePorts &
  LogPorts &
  CancelPorts &
  RetryPorts &
  DropPorts &
  RejudgePorts & {
    config: BridgeConfig;
    store: Store;
    /** The store, to read what is shown. */
    reader: Reader;
    blobs: Blobs;
    boards: Boards;
    plans: Plans;
    /** Changes when boards, plans or templates were read again. */
    catalogVersion: () => number;
    logs: OpenLogs;
    files: OwnFiles;
    reporting: Reporting;
    callbackWatch: CallbackWatch;
    /** What is known of every part outside. */
    parts: () => Promise<KnownPart[]>;
    storeHealth: Pick<StoreHealth, 'problems' | 'setAside' | 'explain' | 'used'>;
    /** The disks that it writes to. */
    disks: () => Promise<Disk[]>;
    /** All daemons on this database; empty: this one has it alone. */
    daemons: SharedStates['daemons'];
    metrics: Metrics;
    log: Logger;
    now: Clock;
  };
