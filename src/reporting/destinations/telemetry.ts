// Feeds Maestro's statistics: the end of each LAVA job of a node, or why it had none. They are no results, so no job
// waits for them.
import { z } from 'zod';
import { TelemetryEvent } from '../../maestro/telemetry.ts';
import type { JobEvent, JudgedEvent } from '../events.ts';
import { buildHierarchy } from '../node-tree.ts';
import { errorEvent, resultEvent, skipEvent, testEvents, type Run } from '../telemetry-events.ts';
import { NO_REPORTS, type Destination, type Parts, type Reports } from './destination.ts';

/** Maestro takes or refuses a list as a whole. */
const AT_ONCE = 500;
const Events = z.array(TelemetryEvent);

export function openTelemetry({ config, maestro, now }: Parts): Destination | { off: string } {
  if (maestro === undefined) return { off: 'no Maestro is configured' };
  if (!config.report.telemetry) return { off: "report.telemetry is false: Maestro's statistics are not fed" };
  return {
    name: 'telemetry',
    need: 'bestEffort',
    reports: (event) => reportsOn(event, now()),
    async send({ body }) {
      await maestro.telemetry(Events.parse(body));
      return { kind: 'done', quiet: true };
    },
    // It is Maestro's, which is looked at for itself.
    check: async () => [{ state: 'ok', text: "Maestro's statistics are fed" }],
  };
}

/** Only of what Maestro asked for, and knows. */
function reportsOn(event: JobEvent, now: number): Reports {
  const { job, request } = event;
  const isMaestros = job.source === 'pull_labs' || job.source === 'lava_pull' || job.isClaimed;
  if (!isMaestros) return NO_REPORTS;
  const run: Run = { runtime: job.lab, platform: job.board, node: request.node, at: now };
  switch (event.kind) {
    case 'not-wanted':
      return batches('skip', [skipEvent(run, event.why)]);
    case 'superseded':
    case 'judged':
      return batches(
        event.attempt === undefined ? 'end' : `attempt ${event.attempt.n}`,
        endEvents(event, run),
      );
    case 'submitted':
    case 'started':
      return NO_REPORTS;
  }
}

/** How the last attempt came out, or the job that never got to LAVA. */
function endEvents(
  { attempts, attempt, evidence, verdict, ending }: JudgedEvent,
  run: Run,
): TelemetryEvent[] {
  if (attempt === undefined || attempt.lavaId === null) {
    if (attempts.some((a) => a.lavaId !== null)) return [];
    return [ending?.kind === 'canceled' ? skipEvent(run, ending.reason) : errorEvent(run, verdict)];
  }
  const { lava } = evidence;
  const jobId = String(attempt.lavaId);
  const ran = {
    ...run,
    jobId,
    device: attempt.device ?? undefined,
    attempt: attempt.n,
    at: lava?.finishedAt ?? run.at,
  };
  const tree = buildHierarchy(verdict, lava, run.node);
  return [resultEvent(ran, lava?.health === 'Complete', verdict), ...testEvents(ran, tree)];
}

type TelemetryKind = 'skip' | 'end' | `attempt ${number}`;

/** `what` distinguishes them in the job's outbox. */
function batches(what: TelemetryKind, events: readonly TelemetryEvent[]): Reports {
  return {
    deliveries: Array.from({ length: Math.ceil(events.length / AT_ONCE) }, (_, i) => ({
      kind: events.length <= AT_ONCE ? what : `${what}.${i + 1}`,
      body: events.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
    })),
  };
}
