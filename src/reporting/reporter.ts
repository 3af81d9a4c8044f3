// A definition from Maestro may keep Maestro's own callback next to ours (docs/ways-in.md). Then LAVA reports to Maestro
// itself, and Maestro writes the node and reports to KCIDB, under its own origin. We report only if that fails: the
// callback is sent once, and Maestro believes it only with the right token in LAVA.
import { MINUTE, SECOND, type Clock } from '../core/time.ts';
import { notifiesMaestro } from '../definition/notify.ts';
import { readLavaYaml } from '../definition/supplied-read.ts';
import type { MaestroClient } from '../maestro/client.ts';
import type { AttemptRecord, JobRecord } from '../store/index.ts';

/** Maestro answers a callback at once and works it up in the background, logs first. */
const TAKES = 5 * MINUTE;
const LOOK_EVERY = 10 * SECOND;

/** `ours`: we report. `maestro`: it has the results from LAVA. `wait`: it may have them soon. */
export type Reporter = { kind: 'ours' } | { kind: 'maestro' } | { kind: 'wait'; until: number };

/** Who reports a job that ended in LAVA. Throws what the client throws: then it is asked again. */
export async function reporterOf(
  job: Pick<JobRecord, 'nodeId' | 'claimedAt'>,
  attempt: (Pick<AttemptRecord, 'finishedAt'> & { definition: string }) | undefined,
  { maestro, now }: { maestro: Pick<MaestroClient, 'getNode'> | undefined; now: Clock },
): Promise<Reporter> {
  const finishedAt = attempt?.finishedAt ?? null;
  if (attempt === undefined || finishedAt === null) return { kind: 'ours' };
  if (!maestro || job.claimedAt === null || !hasMaestrosCallback(attempt, job.nodeId))
    return { kind: 'ours' };
  const node = await maestro.getNode(job.nodeId);
  if (node === undefined) return { kind: 'ours' };
  if (node.state === 'done' && node.data.error_code !== 'node_timeout') return { kind: 'maestro' };
  const until = Math.min(now() + LOOK_EVERY, finishedAt + TAKES);
  return until <= now() ? { kind: 'ours' } : { kind: 'wait', until };
}

function hasMaestrosCallback({ definition }: { definition: string }, nodeId: string): boolean {
  // Only what came as YAML has several callbacks; the others need not be read.
  return definition.includes('callbacks:') && notifiesMaestro(readLavaYaml(definition), nodeId);
}
