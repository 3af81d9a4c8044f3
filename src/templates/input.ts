// What a rendering takes from the configuration.
import type { Board } from '../boards/registry.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../plans/registry.ts';
import type { RenderInput } from './renderer.ts';

/** The parts of the configuration that definitions are made from. */
export type RenderConfig = Pick<BridgeConfig, 'instance' | 'metadata' | 'uploads'> & {
  http: Pick<BridgeConfig['http'], 'public_url'>;
};
export type RenderLabConfig = Pick<LabConfig, 'name'> & {
  lava: Pick<LabConfig['lava'], 'priority'>;
  callback: Pick<LabConfig['callback'], 'token_name' | 'header' | 'url'>;
  limits: Pick<LabConfig['limits'], 'queue_timeout'>;
};

export interface InputExtras {
  board: Board;
  plans: Plans;
  dtbs?: Readonly<Record<string, string>> | undefined;
  mark?: string | undefined;
}

/** The callback's address is `<base>/callback/<lab>/<node id>`: a job is known by its lab and its node. */
export function renderInput(
  request: JobRequest,
  config: RenderConfig,
  lab: RenderLabConfig,
  extras: InputExtras,
): RenderInput {
  const base = lab.callback.url ?? config.http.public_url ?? '';
  return {
    request,
    ...extras,
    instance: config.instance,
    metadata: config.metadata,
    uploads:
      config.uploads === undefined
        ? undefined
        : { url: config.uploads.url, tokenName: config.uploads.token_name },
    lab: {
      name: lab.name,
      priority: lab.lava.priority,
      callback: {
        url: `${base}/callback/${encodeURIComponent(lab.name)}/${request.node.id}`,
        tokenName: lab.callback.token_name,
        header: lab.callback.header,
      },
      queueTimeoutMs: lab.limits.queue_timeout,
    },
  };
}
