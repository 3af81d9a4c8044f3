// Takes a request in, whichever way it came: stored once per lab and node. What can't ever be run is stored as well,
// as rejected, so that it is reported like any result and the admin finds it in the list.
import { RequestError } from '../core/errors.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import type { ErrorCode } from '../verdict/node-result.ts';
import type { JobRequest, Source } from '../maestro/request.ts';
import type { ListedJob, Store } from '../store/index.ts';
import type { Ending } from '../verdict/model.ts';
import type { Lab } from '../lifecycle/lab.ts';
import type { LabPorts } from '../lifecycle/labs.ts';
import { checkRequest, type RenderPorts } from '../lifecycle/render.ts';
import { gateRefusal, stubOf } from './gate.ts';

/** What taking a request in uses. */
export type ReceivePorts = RenderPorts & {
  config: Pick<BridgeConfig, 'requests'>;
  store: Pick<Store, 'receive'>;
  /** Something became due in this lab. */
  wake: (lab: string) => void;
};

export interface Received {
  job: ListedJob;
  isNew: boolean;
  /** Why it can't be run. */
  refusal: RequestError | undefined;
}

const WAY: Record<Source, LabConfig['accept'][number] | undefined> = {
  pull_labs: 'pull_labs',
  lava_pull: 'lava_pull',
  push: 'push',
  trigger: 'triggers',
  hand: undefined,
  test: undefined,
};

/**
 * Stores a request. Throws RequestError only if nothing could be stored for it: the node names no lab of ours, or the
 * lab does not accept this way in. `refusal` names what is wrong with a stored one; `known` is a refusal that was
 * found before (a definition that could not be fetched).
 */
export async function receive(
  source: Source,
  request: JobRequest,
  ports: ReceivePorts,
  known?: RequestError,
): Promise<Received> {
  const lab = labFor(source, request, ports);
  const tooMuch = gateRefusal(request, ports.config.requests);
  const { node } = tooMuch === undefined ? request : stubOf(request);
  const checked = await check(request, lab.name, ports, tooMuch ?? known);
  const { refusal } = checked;
  const { job, isNew } = await ports.store.receive(
    {
      lab: lab.name,
      nodeId: node.id,
      source,
      name: node.name,
      board: node.data.platform ?? '',
      request: tooMuch === undefined ? request : { node },
      stage: refusal === undefined ? 'received' : 'finished',
      ending: refusal === undefined ? null : endingFor(refusal),
      priority: 'priority' in checked ? checked.priority : 0,
      supersedes: lab.config.supersede,
    },
    [
      {
        kind: 'stage',
        ...(refusal === undefined ? {} : { code: refusal.code }),
        text: `received (${source})${refusal === undefined ? '' : `, rejected: ${refusal.message}`}`,
      },
    ],
  );
  if (isNew) ports.wake(lab.name);
  return { job, isNew, refusal };
}

function labFor(source: Source, { node }: JobRequest, ports: LabPorts): Pick<Lab, 'name' | 'config'> {
  const runtime = node.data.runtime;
  if (typeof runtime !== 'string' || runtime === '') {
    throw new RequestError('no_runtime', 'the node names no runtime', { field: 'node.data.runtime' });
  }
  const lab = ports.labs.get(runtime);
  if (!lab) {
    throw new RequestError(
      'unknown_runtime',
      `the runtime ${JSON.stringify(runtime)} is no lab of this bridge`,
      {
        field: 'node.data.runtime',
      },
    );
  }
  const way = WAY[source];
  if (way !== undefined && !lab.config.accept.includes(way)) {
    throw new RequestError('not_accepted', `${lab.name} takes no requests by ${way} (labs.accept)`);
  }
  return lab;
}

type Checked = { refusal: RequestError } | { refusal: undefined; priority: number };

async function check(
  request: JobRequest,
  lab: string,
  ports: ReceivePorts,
  known: RequestError | undefined,
): Promise<Checked> {
  if (known !== undefined) return { refusal: known };
  try {
    return { refusal: undefined, priority: await checkRequest(request, lab, ports) };
  } catch (error) {
    if (error instanceof RequestError) return { refusal: error };
    throw error;
  }
}

function endingFor(refusal: RequestError): Ending {
  const isOurs = refusal.code === 'template' || refusal.code === 'crashes';
  const errorCode: ErrorCode = isOurs ? 'job_generation_error' : 'invalid_job_params';
  return { kind: 'rejected', code: refusal.code, reason: refusal.message, errorCode };
}
