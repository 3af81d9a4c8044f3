// Lets a job in when the lab can run it: the lab is up, the board is registered here, a usable device is online, there
// is room, and nobody drained it. Until then it waits with the reason, unclaimed, so that Maestro stays free to end it.
import { SECOND } from '../../base/time.ts';
import type { Board } from '../../boards/registry.ts';
import { supplyOf } from '../../lava/inventory.ts';
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { labOf } from '../labs.ts';
import type { Lab } from '../lab.ts';
import type { Outcome, Stage } from '../model.ts';

const LOOK_AGAIN = 30 * SECOND;
/** Jobs in these stages will be in LAVA's queue soon. */
const ON_THE_WAY = new Set(['admitted', 'claimed', 'rendered']);

export const admitted: Stage = { name: 'admitted', serial: true, run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  if (job.cancel !== null) return { kind: 'end', ending: { kind: 'canceled', reason: job.cancel } };
  const lab = labOf(ctx, job.lab);
  const board = ctx.boards.find(job.board, lab.name);
  if (!board) return wait(ctx, `no board ${job.board} is registered for ${lab.name}`);
  const reason = (await drained(job, ctx)) ?? (await full(lab, board, ctx));
  return reason === undefined ? { kind: 'done' } : wait(ctx, reason);
}

function wait(ctx: Context, reason: string): Outcome {
  return { kind: 'wait', until: ctx.now() + LOOK_AGAIN, reason };
}

async function drained(job: JobRecord, ctx: Context): Promise<string | undefined> {
  const drains = await ctx.store.drains();
  const drain = drains.find((d) => d.lab === job.lab && (d.board === '' || d.board === job.board));
  if (!drain) return undefined;
  return `${drain.board === '' ? job.lab : `${drain.board} in ${job.lab}`} is drained: ${drain.why}`;
}

async function full(lab: Lab, board: Board, ctx: Context): Promise<string | undefined> {
  const deviceType = board.lava_device_type;
  const supply = supplyOf(await lab.inventory(), deviceType, board.tags);
  if (supply.total === 0)
    return `${lab.name} has no ${deviceType} that our user may see${withTags(board.tags)}`;
  if (supply.online === 0) return `no ${deviceType} is online: ${supply.reasons.join('; ')}`;

  const counts = (await ctx.store.openCounts()).filter((c) => c.lab === lab.name);
  const sum = (keep: (c: (typeof counts)[number]) => boolean): number =>
    counts.filter(keep).reduce((n, c) => n + c.count, 0);
  const inLava = sum((c) => ON_THE_WAY.has(c.stage) || c.stage === 'submitted' || c.stage === 'running');
  const { max_jobs, max_queued_per_device } = lab.config.limits;
  if (inLava >= max_jobs) return `${inLava} of our jobs are in ${lab.name} already (limits.max_jobs)`;

  const sameType = (c: (typeof counts)[number]): boolean =>
    ctx.boards.find(c.board, lab.name)?.lava_device_type === deviceType;
  const coming = sum((c) => sameType(c) && ON_THE_WAY.has(c.stage));
  const ours = sum((c) => sameType(c) && c.stage === 'submitted');
  const queued = Math.max(supply.queued, ours) + coming;
  const room = (board.limits.max_queued_per_device ?? max_queued_per_device) * supply.online;
  if (queued < room) return undefined;
  return `${queued} jobs wait for ${supply.online} ${deviceType} already (limits.max_queued_per_device)`;
}

function withTags(tags: readonly string[]): string {
  return tags.length === 0 ? '' : ` with the tags ${tags.join(', ')}`;
}
