// Lets a job in when the lab can run it: the lab is up, the board is registered here, a usable device is online, there
// is room, and nobody drained it. Until then it waits with the reason, unclaimed, so that Maestro stays free to end it.
import { errorText, TemporaryError } from '../../base/errors.ts';
import { SECOND } from '../../base/time.ts';
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { lineOf } from '../line.ts';
import { labOf } from '../labs.ts';
import type { Outcome, Stage } from '../model.ts';
import { whyDrained, whyNoRoom } from '../room.ts';

/** Whoever makes room calls the next one; this is for what nobody tells (a device that comes back unseen). */
const LOOK_AGAIN = 30 * SECOND;

export const admitted: Stage = { name: 'admitted', serial: true, run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  if (job.cancel !== null) return { kind: 'end', ending: { kind: 'canceled', reason: job.cancel } };
  const until = ctx.now() + LOOK_AGAIN;
  const line = lineOf(job);
  const reason = await whyNot(job, ctx);
  if (reason !== undefined) {
    // It holds for all that wait for this board: they need not look one by one.
    await ctx.store.holdBack(line, until, reason, job.id);
    return { kind: 'wait', until, reason };
  }
  const first = await ctx.store.firstOf(line);
  const next = first === job.id ? await ctx.store.firstOf(line, job.id) : first;
  // There is room: whoever is to look now does so, but is not disturbed if he does already.
  if (next !== undefined) await ctx.store.hurry(next);
  if (first === job.id) return { kind: 'done' };
  return { kind: 'wait', until, reason: `more urgent jobs wait for ${job.board} in ${job.lab}` };
}

async function whyNot(job: JobRecord, ctx: Context): Promise<string | undefined> {
  const lab = labOf(ctx, job.lab);
  const board = ctx.boards.find(job.board, lab.name);
  if (!board) return `no board ${job.board} is registered for ${lab.name}`;
  try {
    return (await whyDrained(job, ctx)) ?? (await whyNoRoom(lab, board, ctx));
  } catch (error) {
    if (error instanceof TemporaryError) return errorText(error);
    throw error;
  }
}
