// A definition from Maestro may keep Maestro's own callback beside ours (docs/ways-in.md). Then LAVA tells Maestro
// itself, and Maestro writes the node and reports to KCIDB, under its own origin. We report only if that fails: the
// callback is sent once, and only with the right token in LAVA it is believed.
import { MINUTE, SECOND } from '../core/time.ts';
import { tellsMaestro } from '../definition/notify.ts';
import { readLavaYaml } from '../definition/supplied-read.ts';
import type { AttemptRecord, JobRecord } from '../store/index.ts';
import type { Context } from '../lifecycle/context.ts';

/** Maestro answers a callback at once and works it up in the background, logs first. */
const TAKES = 5 * MINUTE;
const LOOK_EVERY = 10 * SECOND;

/** `ours`: we report. `maestro`: it has the results from LAVA. `wait`: it may have them soon. */
export type Reporter = { kind: 'ours' } | { kind: 'maestro' } | { kind: 'wait'; until: number };

/** Who reports a job that ended in LAVA. Throws what the client throws: then it is asked again. */
export async function reporterOf(
  job: Pick<JobRecord, 'nodeId' | 'claimedAt'>,
  attempt: (Pick<AttemptRecord, 'finishedAt'> & { definition: string }) | undefined,
  ctx: Pick<Context, 'maestro' | 'now'>,
): Promise<Reporter> {
  const finishedAt = attempt?.finishedAt ?? null;
  if (attempt === undefined || finishedAt === null) return { kind: 'ours' };
  if (!ctx.maestro || job.claimedAt === null || !isTold(attempt, job.nodeId)) return { kind: 'ours' };
  const node = await ctx.maestro.getNode(job.nodeId);
  if (node === undefined) return { kind: 'ours' };
  if (node.state === 'done' && node.data.error_code !== 'node_timeout') return { kind: 'maestro' };
  const until = Math.min(ctx.now() + LOOK_EVERY, finishedAt + TAKES);
  return until <= ctx.now() ? { kind: 'ours' } : { kind: 'wait', until };
}

function isTold({ definition }: { definition: string }, nodeId: string): boolean {
  // Only what came as YAML has several callbacks; the others need not be read.
  return definition.includes('callbacks:') && tellsMaestro(readLavaYaml(definition), nodeId);
}
