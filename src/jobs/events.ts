// LAVA's events as hints: a job of ours changed, a device came back. What they say is asked for before it is believed.
import { eventsUrl, followLavaEvents, type LavaEvent } from '../lava/events.ts';
import { errorText } from '../base/errors.ts';
import { formatDuration } from '../base/time.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { Context } from './context.ts';
import type { Lab } from './lab.ts';

/** Follows a lab's event stream until the signal fires; nothing if the configuration says so. */
export function startEvents(lab: Lab, ctx: Context, signal: AbortSignal): void {
  const { lava } = lab.config;
  if (lava.events === false) return;
  const log = ctx.log.child({ lab: lab.name });

  async function take(event: LavaEvent): Promise<void> {
    if (event.kind === 'job') {
      const attempt = await ctx.store.attemptByLavaId(lab.name, event.id);
      if (!attempt || attempt.finishedAt !== null) return;
      await ctx.store.wake(attempt.jobId);
      ctx.wake(lab.name);
      return;
    }
    lab.staleInventory();
  }

  const stream = followLavaEvents({
    url: lava.events ?? eventsUrl(lava.url),
    user: lava.user,
    token: resolveSecret(lava.token),
    onEvent: (event) => {
      take(event).catch((error: unknown) =>
        log.error({ error: errorText(error) }, 'an event was not taken in'),
      );
    },
    onConnected: () => {
      log.info('LAVA’s events are followed');
      // Nobody tells what was missed: look at all that LAVA has of ours.
      Promise.all(['submitted', 'running'].map((stage) => ctx.store.wakeStage(lab.name, stage)))
        .then(() => ctx.wake(lab.name))
        .catch((error: unknown) => log.error({ error: errorText(error) }, 'the jobs could not be woken'));
    },
    onLost: (reason) => log.warn({ reason }, 'LAVA’s events are not followed; the poll goes on alone'),
    onQuiet: (ms) => log.info(`no event of LAVA for ${formatDuration(ms)}; the poll goes on`),
  });
  signal.addEventListener('abort', () => stream.stop(), { once: true });
}
