// LAVA's events as hints: a job of ours changed, a device came back. They make us look sooner; what decides is asked for.
import { eventsUrl, followLavaEvents, type JobEvent, type LavaEvent } from '../lava/events.ts';
import { fired, formatDuration, type Clock } from '../core/time.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { Logger } from 'pino';
import type { Outage } from '../engine/outage.ts';
import type { Store } from '../store/index.ts';
import type { Lab } from './lab.ts';
import type { Heard } from './parts.ts';

/** What following LAVA's events uses. */
export interface EventPorts {
  store: Pick<Store, 'wakeStage' | 'openAttempts' | 'record' | 'wake'>;
  log: Logger;
  storeOutage: Outage;
  now: Clock;
  /** Something became due in this lab. */
  wake: (lab: string) => void;
}

/** LAVA sends an event just before it commits what the event reports. */
const COMMIT_PAUSE = 300;

/** Follows a lab's event stream until the signal fires; nothing if the configuration says so. */
export async function followEvents(
  lab: Lab,
  ports: EventPorts,
  heard: Heard | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { lava } = lab.config;
  if (lava.events === false) return;
  const log = ports.log.child({ lab: lab.name });

  async function take(event: LavaEvent): Promise<void> {
    if (event.kind === 'job') return takeJob(event, lab, ports);
    if (!lab.noticed(event)) return;
    await ports.store.wakeStage(lab.name, 'received');
    ports.wake(lab.name);
  }

  // What was missed is not known: look at all that LAVA has of ours.
  async function lookAtAll(): Promise<void> {
    await Promise.all(
      (['submitted', 'running'] as const).map((stage) => ports.store.wakeStage(lab.name, stage)),
    );
    ports.wake(lab.name);
  }

  const stream = followLavaEvents({
    url: lava.events ?? eventsUrl(lava.url),
    user: lava.user,
    token: resolveSecret(lava.token),
    onEvent: (event) => void take(event).catch(ports.storeOutage.failed),
    onConnected: () => {
      log.info('LAVA’s events are followed');
      lab.setFollowed(true);
      void lookAtAll().catch(ports.storeOutage.failed);
    },
    onAlive: () => heard?.answered(),
    onLost: (reason) => {
      heard?.failed(reason);
      log.warn({ reason }, 'LAVA’s events are not followed; the poll goes on alone');
      lab.setFollowed(false);
    },
    onQuiet: (ms) => {
      log.info(`no event of LAVA for ${formatDuration(ms)}; the poll goes on`);
      lab.setFollowed(false);
    },
  });
  await fired(signal);
  stream.stop();
  lab.setFollowed(false);
}

async function takeJob(event: JobEvent, lab: Lab, ports: EventPorts): Promise<void> {
  // Until it runs there is nothing to do.
  if (event.state === 'Submitted' || event.state === 'Scheduling' || event.state === 'Scheduled') return;
  for (const attempt of await ports.store.openAttempts(lab.name, event.id)) {
    if (attempt.lavaState === event.state) continue;
    const device = event.device ?? attempt.device;
    await ports.store.record(attempt.jobId, {
      attempts: new Map([[attempt.n, { lavaState: event.state, device }]]),
    });
    await ports.store.wake(attempt.jobId, ports.now() + COMMIT_PAUSE);
    ports.wake(lab.name);
  }
}
