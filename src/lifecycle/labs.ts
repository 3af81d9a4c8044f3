// Finds a job's lab.
import { BridgeError } from '../core/errors.ts';
import type { Context } from './context.ts';
import type { Lab } from './lab.ts';

/** Throws if the lab is no longer in the configuration: its jobs wait until it is back. */
export function labOf(ctx: Context, name: string): Lab {
  const lab = ctx.labs.get(name);
  if (!lab) throw new BridgeError('no_lab', `the lab ${name} is not in the configuration`);
  return lab;
}

/** The lab in a job's id, `<lab>:<node id>`. */
export function labOfJob(jobId: string): string {
  return jobId.slice(0, jobId.lastIndexOf(':'));
}
