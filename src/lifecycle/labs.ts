// Finds a job's lab.
import { BridgeError } from '../core/errors.ts';
import type { Lab } from './lab.ts';

/** The labs of the configuration, by name. */
export interface LabPorts {
  labs: ReadonlyMap<string, Lab>;
}

/** Throws if the lab is no longer in the configuration: its jobs wait until it is back. */
export function labOf(ports: LabPorts, name: string): Lab {
  const lab = ports.labs.get(name);
  if (!lab) throw new BridgeError('no_lab', `the lab ${name} is not in the configuration`);
  return lab;
}

/** The lab in a job's id, `<lab>:<node id>`. */
export function labOfJob(jobId: string): string {
  return jobId.slice(0, jobId.lastIndexOf(':'));
}
