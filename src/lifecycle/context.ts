// What the stages may use: every outside system behind one object, built once by the daemon.
import type { Logger } from 'pino';
import type { Boards } from '../catalog/boards.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { Clock } from '../core/time.ts';
import type { MaestroClient } from '../maestro/client.ts';
import type { Plans } from '../catalog/plans.ts';
import type { Renderer } from '../templates/renderer.ts';
import type { OpenLogs } from '../storage/open.ts';
import type { Reporting } from '../reporting/reporting.ts';
import type { Blobs, Store } from '../store/index.ts';
import type { Lab } from './lab.ts';
import type { Trouble } from '../engine/trouble.ts';

export interface Context {
  config: BridgeConfig;
  store: Store;
  blobs: Blobs;
  labs: ReadonlyMap<string, Lab>;
  /** Behind a circuit. undefined: no Maestro is configured. */
  maestro: Pick<MaestroClient, 'getNode' | 'updateNode'> | undefined;
  boards: Boards;
  plans: Plans;
  renderer: Renderer;
  /** The device trees of a build, by their path: from its metadata.json. */
  dtbs: (metadataUrl: string) => Promise<Readonly<Record<string, string>>>;
  logs: OpenLogs;
  reporting: Reporting;
  log: Logger;
  /** The store took no write, or takes them again. */
  storeTrouble: Trouble;
  now: Clock;
  /** How far the machine's clock was set forward since the start (ms; negative: back). */
  drift: Clock;
  /** Something became due for this lab. */
  wake: (lab: string) => void;
  /** A delivery was stored. */
  wakeOutbox: () => void;
}
