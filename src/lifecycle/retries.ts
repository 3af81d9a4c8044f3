// Decides whether a failed attempt is tried again, and when. Only what is the lab's fault is; and only while Maestro has
// not begun to retry by itself, so that the two do not multiply.
//
// Another device is better than the one that failed. A new LAVA takes jobs for a device by its name. An older one gives no
// way to choose (a definition names a type and tags alone), but it gives a job to a device that is free: so the moment is
// chosen.
import { formatDuration, MINUTE, SECOND, type Clock } from '../core/time.ts';
import { boardsFor } from '../lava/inventory.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { AttemptRecord, JobRecord, Reason } from '../store/index.ts';
import type { LabConfig } from '../config/schema.ts';
import type { Boards } from '../catalog/boards.ts';
import { labOf, type LabPorts } from './labs.ts';
import type { Outcome } from './model.ts';
import { whyDrained, type DrainPorts } from './capacity.ts';
import type { Judgement } from './judging.ts';

/** What deciding on a further attempt uses. */
export type AgainPorts = LabPorts & DrainPorts & { boards: Pick<Boards, 'find'>; now: Clock };

interface Case {
  job: JobRecord;
  request: JobRequest;
  attempts: readonly AttemptRecord[];
  judgement: Judgement;
  lab: { config: Pick<LabConfig, 'retries'> };
  now: number;
}

/** How long another device is waited for. */
const PATIENCE = 30 * MINUTE;
const FRESH = 5 * SECOND;

/** The step to another attempt after a failure of the lab. */
export function anotherAttempt({ job, request, attempts, judgement, lab, now }: Case): Outcome | undefined {
  const last = attempts.at(-1);
  const limit = lab.config.retries.infrastructure;
  if (last === undefined || judgement.evidence.ending !== undefined || job.cancel !== null) return undefined;
  // Those before the first were in LAVA, too: the store lost them.
  const inLava = attempts.filter(({ lavaId }) => lavaId !== null).length + ((attempts[0]?.n ?? 1) - 1);
  if (!judgement.verdict.labFailed || inLava > limit) return undefined;
  if ((request.node.retry_counter ?? 0) > 0) return undefined;
  const why = judgement.verdict.node.errorMsg ?? `rule ${judgement.verdict.rule}`;
  const pause = lab.config.retries.pause * 2 ** Math.max(0, inLava - 1);
  return {
    kind: 'again',
    to: 'claimed',
    at: now + pause,
    reason: {
      code: 'lab_failed',
      text: `attempt ${last.n} failed for the lab's part (${why}); again in ${formatDuration(pause)}`,
    },
    change: { attempts: new Map([[last.n, { outcome: why }]]) },
  };
}

/** What the next attempt does: waits for this reason, or goes to LAVA, for that device if it is there. */
export type Turn = { wait: Reason; device?: never } | { wait?: never; device?: string | undefined };

/** Whether a further attempt may go to LAVA now, and to which device. A first one goes to any. */
export async function nextTurn(
  job: JobRecord,
  attempts: readonly AttemptRecord[],
  ports: AgainPorts,
): Promise<Turn> {
  const last = attempts.at(-1);
  if (last === undefined) return {};
  const drained = await whyDrained(job, ports);
  if (drained !== undefined) return { wait: drained };
  // LAVA refused the device that was chosen: this one is for any.
  if (last.lavaId === null || ports.now() - (last.finishedAt ?? 0) > PATIENCE) return {};
  const lab = labOf(ports, job.lab);
  const tags = ports.boards.find(job.board, job.lab)?.tags;
  const online = boardsFor(await lab.inventory(FRESH), last.deviceType, tags).filter((b) => b.online);
  const others = online.filter((b) => b.name !== last.device);
  const failed = online.find((b) => b.name === last.device);
  if (others.length === 0) return {};
  const free = others.filter((b) => b.free);
  if (await lab.has('choice of device')) {
    const choice = free.length > 0 ? free : others;
    // Not all to the same one, where several jobs failed.
    return { device: choice[last.lavaId % choice.length]?.name };
  }
  // LAVA can't give it to the one that failed while that is busy.
  if (failed?.free !== true || free.length > 0) return {};
  return {
    wait: {
      code: 'other_device',
      text: `of the devices only ${failed.name} is free, on which attempt ${last.n} failed`,
    },
  };
}
