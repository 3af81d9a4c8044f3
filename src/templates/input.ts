// What a rendering takes from the configuration.
import type { Board } from '../catalog/boards.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../catalog/plans.ts';
import type { RenderLab } from './context.ts';
import type { Marks } from './marks.ts';
import type { RenderInput } from './renderer.ts';

/** The parts of the configuration that definitions are made from. */
export type RenderConfig = Pick<BridgeConfig, 'instance' | 'metadata' | 'uploads'> & {
  http: Pick<BridgeConfig['http'], 'public_url'>;
};
/** The parts of a lab that definitions are made from. */
export type RenderLabConfig = Pick<LabConfig, 'name'> & {
  lava: Pick<LabConfig['lava'], 'priority'>;
  callback: Pick<LabConfig['callback'], 'token_name' | 'header' | 'url'>;
  limits: Pick<LabConfig['limits'], 'queue_timeout'>;
  definitions: LabConfig['definitions'];
};

export interface InputExtras extends Marks {
  board: Board;
  plans: Plans;
  dtbs?: Readonly<Record<string, string>> | undefined;
}

/** Gathers what the renderer needs for a request. */
export function renderInput(
  request: JobRequest,
  config: RenderConfig,
  lab: RenderLabConfig,
  extras: InputExtras,
): RenderInput {
  return {
    request,
    ...extras,
    instance: config.instance,
    metadata: config.metadata,
    uploads:
      config.uploads === undefined
        ? undefined
        : { url: config.uploads.url, tokenName: config.uploads.token_name },
    lab: renderLab(request, config, lab),
  };
}

/** The callback's address is `<base>/callback/<lab>/<node id>`: a job is known by its lab and its node. */
export function renderLab(
  request: JobRequest,
  { http }: Pick<RenderConfig, 'http'>,
  { name, lava, callback, limits }: RenderLabConfig,
): RenderLab {
  const base = callback.url ?? http.public_url ?? '';
  return {
    name,
    priority: lava.priority,
    callback: {
      url: `${base}/callback/${encodeURIComponent(name)}/${request.node.id}`,
      tokenName: callback.token_name,
      header: callback.header,
    },
    queueTimeoutMs: limits.queue_timeout,
  };
}
