// Whether a lab can run something on a board now. What stands in the way is told in words that stay the same while it
// does, so that a job's timeline has them once.
import type { Board } from '../catalog/boards.ts';
import { supplyOf, type Supply } from '../lava/inventory.ts';
import { SECOND } from '../core/time.ts';
import type { JobRecord, Reason } from '../store/index.ts';
import { deviceOfSupplied } from '../templates/supplied.ts';
import type { Context } from './context.ts';
import type { Lab } from './lab.ts';

/** Jobs in these stages will be in LAVA's queue soon. */
const ON_THE_WAY = new Set(['admitted', 'claimed', 'rendered']);
/** No younger inventory is asked for before a job is kept waiting. */
const FRESH = 5 * SECOND;

/** Why the admin lets nothing in; undefined if he does. */
export async function whyDrained(
  job: Pick<JobRecord, 'lab' | 'board'>,
  ctx: Context,
): Promise<Reason | undefined> {
  const drains = await ctx.store.drains();
  const drain = drains.find((d) => d.lab === job.lab && (d.board === '' || d.board === job.board));
  if (!drain) return undefined;
  const what = drain.board === '' ? job.lab : `${drain.board} in ${job.lab}`;
  return { code: 'drained', text: `${what} is drained: ${drain.why}` };
}

/** What of a lab a job needs. */
export type Wanted = Pick<Board, 'lava_device_type' | 'tags' | 'limits'>;

/** What a job needs; undefined: its board is not registered for the lab, and its request has no definition that says. */
export async function wantedBy(job: JobRecord, lab: Lab, ctx: Context): Promise<Wanted | undefined> {
  const board = ctx.boards.find(job.board, lab.name);
  const { definition_yaml: yaml } = await ctx.store.request(job.id);
  if (yaml === undefined) return board;
  if (board === undefined && ctx.boards.find(job.board) !== undefined) return undefined;
  const { deviceType, tags } = deviceOfSupplied(yaml);
  return { lava_device_type: deviceType, tags, limits: board?.limits ?? {} };
}

/** Why no job for the board can be given to LAVA now; undefined if one can. */
export async function whyNoCapacity(lab: Lab, board: Wanted, ctx: Context): Promise<Reason | undefined> {
  const counts = (await ctx.store.openCounts()).filter((c) => c.lab === lab.name);
  const known = await lab.inventory();
  const reason = judge(supplyOf(known, board.lava_device_type, board.tags), counts, lab, board, ctx);
  if (reason === undefined) return undefined;
  const fresh = await lab.inventory(FRESH);
  return judge(supplyOf(fresh, board.lava_device_type, board.tags), counts, lab, board, ctx);
}

type Counts = Awaited<ReturnType<Context['store']['openCounts']>>;

function judge(supply: Supply, counts: Counts, lab: Lab, board: Wanted, ctx: Context): Reason | undefined {
  const type = board.lava_device_type;
  if (supply.total === 0) {
    const tags = board.tags.length === 0 ? '' : ` with the tags ${board.tags.join(', ')}`;
    return { code: 'no_device', text: `${lab.name} has no ${type} that our user may see${tags}` };
  }
  if (supply.online === 0) {
    return { code: 'offline', text: `no ${type} is online: ${supply.reasons.join('; ')}` };
  }

  const sum = (keep: (c: Counts[number]) => boolean): number =>
    counts.filter(keep).reduce((n, c) => n + c.count, 0);
  const { max_jobs, max_queued_per_device } = lab.config.limits;
  const inLava = sum((c) => ON_THE_WAY.has(c.stage) || c.stage === 'submitted' || c.stage === 'running');
  if (inLava >= max_jobs) {
    return {
      code: 'lab_full',
      text: `${max_jobs} of our jobs are in ${lab.name} already (limits.max_jobs)`,
    };
  }

  // A board that is not registered is known by its definition; most are called as their type.
  const sameType = (c: Counts[number]): boolean =>
    (ctx.boards.find(c.board, lab.name)?.lava_device_type ?? c.board) === type;
  const coming = sum((c) => sameType(c) && ON_THE_WAY.has(c.stage));
  const ours = sum((c) => sameType(c) && c.stage === 'submitted');
  const limit = board.limits.max_queued_per_device ?? max_queued_per_device;
  if (Math.max(supply.queued, ours) + coming < limit * supply.online) return undefined;
  return {
    code: 'queue_full',
    text: `enough jobs wait for ${type}: ${limit} for each of ${supply.online} online (limits.max_queued_per_device)`,
  };
}
