// What Maestro's statistics are told of a job, as deliveries for the outbox: the end of each of its LAVA jobs, or why
// it had none.
import { buildHierarchy } from './node-tree.ts';
import type { TelemetryEvent } from '../maestro/telemetry.ts';
import { errorEvent, resultEvent, skipEvent, testEvents, type Run } from './telemetry-events.ts';
import type { AttemptRecord, JobRecord, NewDelivery } from '../store/index.ts';
import type { Context } from '../lifecycle/context.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { Trial } from '../lifecycle/judging.ts';

interface Ended {
  job: JobRecord;
  request: JobRequest;
  attempts: readonly AttemptRecord[];
  /** The last one, unless a further one was to take its place. */
  attempt: AttemptRecord | undefined;
  trial: Trial;
}

/** Maestro takes or refuses a list as a whole. */
const AT_ONCE = 500;

/** Maestro ended the node before the job was let in. */
export function tellSkip(job: JobRecord, request: JobRequest, why: string, ctx: Context): NewDelivery[] {
  return deliveries('skip', job, request, ctx, (run) => [skipEvent(run, why)]);
}

/** How the last attempt came out, or the job that never got to LAVA. Each attempt is told of once. */
export function tellEnd({ job, request, attempts, attempt, trial }: Ended, ctx: Context): NewDelivery[] {
  const { verdict, evidence } = trial;
  const what = attempt === undefined ? 'end' : `attempt ${attempt.n}`;
  return deliveries(what, job, request, ctx, (run) => {
    if (attempt === undefined || attempt.lavaId === null) {
      if (attempts.some((a) => a.lavaId !== null)) return [];
      const { ending } = job;
      return ending?.kind === 'canceled' ? [skipEvent(run, ending.reason)] : [errorEvent(run, verdict)];
    }
    const { lava } = evidence;
    const jobId = String(attempt.lavaId);
    const device = attempt.device ?? undefined;
    const ran = { ...run, jobId, device, attempt: attempt.n, at: lava?.finishedAt ?? run.at };
    const outcome = { jobId, device, artifacts: {}, toldKcidb: false };
    const tree = buildHierarchy(verdict, lava, run.node, outcome);
    return [resultEvent(ran, lava?.health === 'Complete', verdict), ...testEvents(ran, tree.child_nodes)];
  });
}

/** Only of what Maestro asked for, and knows. `what` tells them apart in the job's outbox. */
function deliveries(
  what: string,
  job: JobRecord,
  request: JobRequest,
  ctx: Context,
  events: (run: Run) => TelemetryEvent[],
): NewDelivery[] {
  const isMaestros = job.source === 'pull_labs' || job.source === 'lava_pull' || job.claimedAt !== null;
  if (!ctx.config.report.telemetry || !ctx.maestro || !isMaestros) return [];
  const { node } = request;
  const all = events({ runtime: job.lab, platform: job.board, node, at: ctx.now() });
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, i) => ({
    destination: 'telemetry',
    kind: all.length <= AT_ONCE ? what : `${what}.${i + 1}`,
    body: JSON.stringify(all.slice(i * AT_ONCE, (i + 1) * AT_ONCE)),
  }));
}
