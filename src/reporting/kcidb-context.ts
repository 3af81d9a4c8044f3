// What a report to KCIDB needs in addition to the verdict, from the job's request and its LAVA jobs.
import type { JobRequest } from '../maestro/request.ts';
import type { JudgedEvent, ReportedAttempt, ReportedJob } from './events.ts';
import type { BuildOfReport, ReportContext } from './kcidb-report.ts';
import type { PublishedLogs } from './logs.ts';

/** What is known of a run as soon as LAVA has it. */
export function runContext(
  { job, request, lab, compatible }: ReportedJob,
  attempt: ReportedAttempt | undefined,
  startedAt: number,
): ReportContext {
  const { node, kbuild } = request;
  const fact = (key: 'arch' | 'compiler' | 'kernel_type' | 'config_full' | 'defconfig'): string | undefined =>
    node.data[key] ?? kbuild?.data[key] ?? undefined;
  return {
    origin: lab.origin,
    lab: job.lab,
    key: keyOf(attempt, node.id),
    build: buildOf(request, job.receivedAt),
    lavaUrl: lab.lavaUrl,
    lavaId: attempt?.lavaId ?? undefined,
    device: attempt?.device ?? undefined,
    platform: job.board === '' ? undefined : job.board,
    compatible,
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
    startedAt,
  };
}

/** All of a run that ended. */
export function endedContext(event: JudgedEvent, logs: PublishedLogs | undefined): ReportContext {
  const { job, attempts, attempt, evidence } = event;
  return {
    ...runContext(event, attempt, evidence.lava?.startedAt ?? job.receivedAt),
    logUrl: logs?.logUrl,
    outputFiles: logs?.outputFiles,
    attempts: attempts.flatMap((a) =>
      a.outcome === null || a.lavaId === null
        ? []
        : [{ lavaId: a.lavaId, outcome: a.outcome, ...(a.device === null ? {} : { device: a.device }) }],
    ),
  };
}

/**
 * What distinguishes this run from all others of the lab in KCIDB, which keeps the first report under an id: LAVA's number; and
 * the node's as well where the lab had given higher numbers before, for it counts again from 1.
 */
function keyOf(attempt: ReportedAttempt | undefined, nodeId: string): string {
  if (attempt === undefined || attempt.lavaId === null) return nodeId;
  const { lavaId, sinceId } = attempt;
  return sinceId !== null && lavaId <= sinceId ? `${lavaId}-${nodeId}` : String(lavaId);
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
