// Waits until LAVA runs the job (or has already ended it). Callbacks and events say so early; the poll says so anyway.
import type { JobRecord } from '../../store/index.ts';
import type { Context } from '../context.ts';
import { lookAt } from '../follow.ts';
import type { Outcome, Stage } from '../model.ts';

export const running: Stage = { name: 'running', run };

async function run(job: JobRecord, ctx: Context): Promise<Outcome> {
  const seen = await lookAt(job, ctx);
  if (seen.kind !== 'alive') return seen.outcome;
  const { info, attempt } = seen;
  const told = await ctx.store.callbacks(job.id);
  const started = !['Submitted', 'Scheduling', 'Scheduled'].includes(info.state);
  if (!started && !told.some((c) => c.lavaId === info.id)) {
    return {
      kind: 'wait',
      until: seen.lookAgain,
      reason: `LAVA job ${info.id} is ${info.state} in ${job.lab}`,
    };
  }
  return {
    kind: 'done',
    ...(info.device === undefined ? {} : { note: `on ${info.device}` }),
    change: {
      attempts: new Map([
        [
          attempt.n,
          {
            lavaState: info.state,
            device: info.device ?? null,
            runningAt: info.startedAt ?? ctx.now(),
          },
        ],
      ]),
    },
  };
}
