// What is to be told of a judged job, as deliveries for the outbox: the report to KCIDB, and the end of the node.
import { buildReport, type BuildOfReport, type ReportContext } from './kcidb-report.ts';
import { validateReport, type RejectedObject } from '../kcidb/schema.ts';
import { buildHierarchy } from './node-tree.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { AttemptRecord, JobRecord, NewDelivery } from '../store/index.ts';
import type { Context } from '../lifecycle/context.ts';
import type { CloseBody } from './destinations/maestro.ts';
import type { PublishedLogs } from './logs.ts';
import { labOf } from '../lifecycle/labs.ts';
import type { Trial } from '../lifecycle/judging.ts';

export interface Judged {
  job: JobRecord;
  request: JobRequest;
  attempts: readonly AttemptRecord[];
  /** The one that counts. */
  attempt: AttemptRecord | undefined;
  trial: Trial;
  logs: PublishedLogs;
}

export interface ToDeliver {
  deliveries: NewDelivery[];
  /** Objects of the report that KCIDB would refuse; the rest goes out. */
  rejected: RejectedObject[];
  /** Why KCIDB is told nothing of a run that it would be told of otherwise. */
  withheld: string | undefined;
}

/** Maestro starts a run anew at most so often (kernelci-pipeline src/job_retry.py). */
const MAESTRO_RETRIES = 3;

export function deliveriesFor(judged: Judged, ctx: Context): ToDeliver {
  const { kcidb, maestro } = ctx.config.report;
  const deliveries: NewDelivery[] = [];
  let rejected: RejectedObject[] = [];
  const withheld = kcidb === 'direct' ? whyWithheld(judged, ctx) : undefined;
  if (kcidb === 'direct' && withheld === undefined) {
    const checked = validateReport(buildReport(judged.trial.verdict, reportContext(judged, ctx)));
    ({ rejected } = checked);
    deliveries.push({ destination: 'kcidb', kind: 'report', body: JSON.stringify(checked.report) });
  }
  if (maestro !== 'off' && ctx.maestro && judged.job.source !== 'trigger') {
    deliveries.push({ destination: 'maestro', kind: 'close', body: JSON.stringify(closeBody(judged, ctx)) });
  }
  return { deliveries, rejected, withheld };
}

/** Maestro's own bridge reports of what Maestro tries again the last try alone (kernelci-pipeline src/send_kcidb.py). */
function whyWithheld({ job, request, trial }: Judged, { config }: Context): string | undefined {
  const tries = request.node.retry_counter ?? 0;
  if (config.report.tries === 'every' || job.claimedAt === null || tries >= MAESTRO_RETRIES) return undefined;
  const { result } = trial.verdict.node;
  const isTriedAgain = result === 'incomplete' || (result === 'fail' && job.name.startsWith('baseline'));
  if (!isTriedAgain) return undefined;
  return `Maestro tries it again (its retry ${tries} of ${MAESTRO_RETRIES}; report.tries is last)`;
}

/**
 * What tells this run from all others of the lab in KCIDB, which keeps the first report under an id: LAVA's number; and
 * the node's as well where the lab had given higher numbers before, for it counts anew.
 */
function keyOf(attempt: AttemptRecord | undefined, nodeId: string): string {
  if (attempt === undefined || attempt.lavaId === null) return nodeId;
  const { lavaId, sinceId } = attempt;
  return sinceId !== null && lavaId <= sinceId ? `${lavaId}-${nodeId}` : String(lavaId);
}

function reportContext(
  { job, request, attempts, attempt, trial, logs }: Judged,
  ctx: Context,
): ReportContext {
  const lab = labOf(ctx, job.lab);
  const { node, kbuild } = request;
  const { lava } = trial.evidence;
  const fact = (key: 'arch' | 'compiler' | 'kernel_type' | 'config_full' | 'defconfig'): string | undefined =>
    node.data[key] ?? kbuild?.data[key] ?? undefined;
  return {
    origin: lab.config.origin,
    lab: lab.name,
    key: keyOf(attempt, node.id),
    build: buildOf(request, job.receivedAt),
    lavaUrl: lab.config.lava.url,
    lavaId: attempt?.lavaId ?? undefined,
    device: attempt?.device ?? undefined,
    platform: job.board === '' ? undefined : job.board,
    compatible: ctx.boards.find(job.board, lab.name)?.compatible,
    arch: fact('arch'),
    compiler: fact('compiler'),
    kernelType: fact('kernel_type'),
    configName: fact('config_full') ?? fact('defconfig'),
    // Maestro has no node of a triggered job: its build is what it can show.
    node: {
      id: job.source === 'trigger' ? (kbuild?.id ?? node.id) : node.id,
      name: node.name,
      retryCounter: node.retry_counter ?? 0,
    },
    startedAt: lava?.startedAt ?? job.receivedAt,
    logUrl: logs.logUrl,
    outputFiles: logs.outputFiles,
    attempts: attempts.flatMap((a) =>
      a.outcome === null || a.lavaId === null
        ? []
        : [{ lavaId: a.lavaId, outcome: a.outcome, ...(a.device === null ? {} : { device: a.device }) }],
    ),
  };
}

/** Maestro's build, by its node; else one of our own, made of what the request says of it. */
function buildOf({ node, kbuild }: JobRequest, startedAt: number): BuildOfReport {
  if (kbuild !== undefined) return { kind: 'maestro', nodeId: kbuild.id };
  if (typeof node.parent === 'string') return { kind: 'maestro', nodeId: node.parent };
  const { kernel_revision: revision, arch, config_full, defconfig, compiler } = node.data;
  if (!revision) return { kind: 'maestro', nodeId: node.id };
  return {
    kind: 'own',
    revision,
    arch: arch ?? '',
    configName: config_full ?? defconfig ?? '',
    compiler: compiler ?? '',
    startedAt,
  };
}

function closeBody({ job, request, attempts, attempt, trial, logs }: Judged, ctx: Context): CloseBody {
  const { result, errorCode, errorMsg } = trial.verdict.node;
  const { report } = ctx.config;
  const ids = attempts.flatMap((a) => (a.lavaId === null ? [] : [String(a.lavaId)]));
  const jobId = attempt === undefined || attempt.lavaId === null ? undefined : String(attempt.lavaId);
  const device = attempt?.device ?? undefined;
  const artifacts = logs.artifacts;
  const toldKcidb = report.kcidb === 'direct';
  return {
    nodeId: job.nodeId,
    end: {
      result,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(errorMsg === undefined ? {} : { errorMsg }),
    },
    ...(jobId === undefined ? {} : { jobId }),
    ...(device === undefined ? {} : { device }),
    artifacts,
    toldKcidb,
    ours: [`${ctx.store.instanceId}:${job.nodeId}`, ...ids],
    empty: trial.evidence.lava === undefined || trial.verdict.canceled,
    ...(report.maestro === 'hierarchy' && trial.evidence.lava
      ? {
          children: buildHierarchy(trial.verdict, trial.evidence.lava, request.node, {
            jobId,
            device,
            artifacts,
            toldKcidb,
          }).child_nodes,
        }
      : {}),
  };
}
