// Decides whether a failed attempt is tried again, and when. Only what is the lab's fault is; and only while Maestro has
// not begun to retry by itself, so that the two do not multiply.
//
// Another device is better than the one that failed. A new LAVA takes jobs for a device by its name. An older one gives no
// way to choose (a definition names a type and tags alone), but it gives a job to a device that is free: so the moment is
// chosen.
import { formatDuration, MINUTE, SECOND, type Clock } from '../core/time.ts';
import { boardsFor, type Board as Device } from '../lava/inventory.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { AttemptRecord, JobRecord, Reason } from '../store/index.ts';
import type { LabConfig } from '../config/schema.ts';
import type { Boards } from '../catalog/boards.ts';
import { labOf, type LabPorts } from './labs.ts';
import type { Outcome } from './model.ts';
import { whyDrained, withoutDrained, type DrainPorts } from './drains.ts';
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
      text: `attempt ${last.n} failed because of the lab (${why}); again in ${formatDuration(pause)}`,
    },
    change: { attempts: new Map([[last.n, { outcome: why }]]) },
  };
}

/** What the next attempt does: waits for this reason, or goes to LAVA, for that device if it is there. */
export type Turn = { wait: Reason; device?: never } | { wait?: never; device?: string | undefined };

/**
 * Whether an attempt may go to LAVA now, and to which device: to none that is drained, and not to the one that the last attempt
 * failed on while there is another. A first attempt goes to any device where none is drained.
 */
export async function nextTurn(
  job: JobRecord,
  attempts: readonly AttemptRecord[],
  ports: AgainPorts,
): Promise<Turn> {
  const last = attempts.at(-1);
  const drained = last === undefined ? undefined : await whyDrained(job, ports);
  if (drained !== undefined) return { wait: drained };
  // LAVA refused the device that was chosen: this one is for any.
  if (last?.lavaId === null) return {};
  const isRecent = last !== undefined && ports.now() - (last.finishedAt ?? 0) <= PATIENCE;
  const drains = (await ports.store.drains()).filter((d) => d.lab === job.lab && d.device !== '');
  const type = last?.deviceType ?? ports.boards.find(job.board, job.lab)?.lava_device_type;
  if (type === undefined || (!isRecent && drains.length === 0)) return {};

  const tags = ports.boards.find(job.board, job.lab)?.tags;
  const known = await labOf(ports, job.lab).inventory(FRESH);
  const online = boardsFor(known, type, tags).filter((b) => b.online);
  const usable = boardsFor(withoutDrained(known, job.lab, drains), type, tags).filter((b) => b.online);
  if (online.length > 0 && usable.length === 0)
    return { wait: { code: 'drained', text: `all ${type} that are online are drained` } };
  if (isRecent) return awayFrom(last, usable, job, ports);
  return usable.length < online.length ? oneOf(usable, job.receivedAt, job, ports) : {};
}

/** Not to the device that the attempt failed on, if there is another. */
async function awayFrom(
  failed: AttemptRecord,
  usable: readonly Device[],
  job: JobRecord,
  ports: AgainPorts,
): Promise<Turn> {
  const others = usable.filter((b) => b.name !== failed.device);
  const before = usable.find((b) => b.name === failed.device);
  if (others.length === 0) return {};
  const chosen = await oneOf(others, failed.lavaId ?? 0, job, ports);
  // LAVA can't give it to the one that failed while that is busy.
  if (chosen.device !== undefined || before?.free !== true || others.some((b) => b.free)) return chosen;
  const text = `of the devices only ${before.name} is free, on which attempt ${failed.n} failed`;
  return { wait: { code: 'other_device', text } };
}

/** One of them, a free one if there is any, where LAVA takes a choice; `spread`: not all jobs go to the same one. */
async function oneOf(
  devices: readonly Device[],
  spread: number,
  job: JobRecord,
  ports: AgainPorts,
): Promise<{ device?: string | undefined }> {
  if (!(await labOf(ports, job.lab).has('choice of device'))) return {};
  const free = devices.filter((b) => b.free);
  const choice = free.length > 0 ? free : devices;
  return { device: choice[spread % choice.length]?.name };
}
