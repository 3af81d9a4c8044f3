// What is done now and then: labs that are away are asked whether they are back, and what is older than it is kept goes.
import { errorText, TemporaryError } from '../core/errors.ts';
import { DAY, HOUR, SECOND, sleep } from '../core/time.ts';
import type { Context } from './context.ts';
import type { Lab } from './lab.ts';
import { blobFolder } from '../store/index.ts';
import { forgetRuns } from '../intake/triggers.ts';

const PROBE_EVERY = 15 * SECOND;
/** How long ended jobs are kept whose logs are elsewhere. */
const KEEP = 90 * DAY;
const SWEEP_AT_ONCE = 500;

/** Runs until the signal fires. */
export async function keepHouse(ctx: Context, signal: AbortSignal): Promise<void> {
  await Promise.all([...[...ctx.labs.values()].map((lab) => probe(lab, ctx, signal)), sweep(ctx, signal)]);
}

async function probe(lab: Lab, ctx: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (lab.state().status !== 'up') {
      await lab
        .call((c) => c.version())
        .catch((error: unknown) => {
          if (error instanceof TemporaryError) return;
          ctx.log.error({ lab: lab.name, error: errorText(error) }, 'the lab answers oddly');
        });
    }
    await sleep(PROBE_EVERY, signal);
  }
}

async function sweep(ctx: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await removeOld(ctx);
    } catch (error) {
      ctx.log.error({ error: errorText(error) }, 'what is old could not be removed');
    }
    await sleep(HOUR, signal);
  }
}

async function removeOld(ctx: Context): Promise<void> {
  const { storage } = ctx.config;
  await ctx.logs.local?.sweep(ctx.now());
  await forgetRuns(ctx);
  const before = ctx.now() - (storage.kind === 'local' ? storage.max_age : KEEP);
  for (;;) {
    const gone = await ctx.store.forget(before, SWEEP_AT_ONCE);
    for (const id of gone) await ctx.blobs.remove(blobFolder(id));
    if (gone.length < SWEEP_AT_ONCE) return;
  }
}
