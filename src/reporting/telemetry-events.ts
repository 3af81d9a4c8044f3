// The events for Maestro's statistics, in the words of Maestro's own scheduler and callback service (kernelci-pipeline
// src/scheduler.py, src/lava_callback.py, August 2026). There `device_type` is the platform's name. `job_submission` is
// not among them: the scheduler sends it for every node that waits for a lab.
import type { Verdict } from '../verdict/model.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { TelemetryEvent } from '../maestro/telemetry.ts';
import type { HierarchyNode } from './node-tree.ts';

/** The run that an event is about. */
export interface Run {
  runtime: string;
  platform: string;
  node: MaestroNode;
  /** LAVA's number of the job; undefined if it has none. */
  jobId?: string | undefined;
  device?: string | undefined;
  /** When it happened, ms since the epoch. */
  at: number;
  /** Which of our LAVA jobs for the node it was, from 1. */
  attempt?: number;
}

/** The job never went to LAVA, and it is no failure of anything. */
export function skipEvent(run: Run, why: string): TelemetryEvent {
  return { kind: 'job_skip', ...common(run), error_msg: cut(why) };
}

/** How a job ended that never got a result: it was refused, or lost. */
export function errorEvent(run: Run, { node }: Pick<Verdict, 'node'>): TelemetryEvent {
  return { kind: 'runtime_error', ...common(run), ...errorFields(node) };
}

/** How LAVA ended the job: `pass` says that it came to its end, whatever the tests found. */
export function resultEvent(run: Run, isComplete: boolean, { node }: Pick<Verdict, 'node'>): TelemetryEvent {
  const result = { kind: 'job_result', ...common(run), result: isComplete ? 'pass' : 'incomplete' } as const;
  if (isComplete) return result;
  return { ...result, is_infra_error: node.errorCode === 'Infrastructure', ...errorFields(node) };
}

/** One for each result below the node (buildHierarchy). */
export function testEvents(run: Run, nodes: readonly HierarchyNode[], suite = ''): TelemetryEvent[] {
  return nodes.flatMap(({ node, child_nodes }) => {
    const name = String(node['name']);
    if (node['kind'] !== 'test')
      return testEvents(run, child_nodes, suite === '' ? name : `${suite}.${name}`);
    const result = String(node['result']);
    const { extra, ...rest } = common(run);
    return [{ kind: 'test_result', ...rest, test_name: name, result, extra: { suite, ...extra } }];
  });
}

function common({ runtime, platform, node, jobId, device, at, attempt }: Run): Omit<TelemetryEvent, 'kind'> {
  const { kernel_revision: revision, arch } = node.data;
  return {
    runtime,
    at,
    device_type: platform,
    job_name: node.name,
    node_id: node.id,
    retry: node.retry_counter ?? 0,
    ...(device === undefined ? {} : { device_id: device }),
    ...(jobId === undefined ? {} : { job_id: jobId }),
    ...(revision ? { tree: revision.tree, branch: revision.branch } : {}),
    ...(arch ? { arch } : {}),
    ...(attempt === undefined ? {} : { extra: { attempt } }),
  };
}

function errorFields({
  errorCode,
  errorMsg,
}: Verdict['node']): Pick<TelemetryEvent, 'error_type' | 'error_msg'> {
  return {
    ...(errorCode === undefined ? {} : { error_type: errorCode }),
    ...(errorMsg === undefined ? {} : { error_msg: cut(errorMsg) }),
  };
}

const LONGEST_MESSAGE = 1024;

function cut(message: string): string {
  return message.replaceAll('\0', '').slice(0, LONGEST_MESSAGE).toWellFormed();
}
