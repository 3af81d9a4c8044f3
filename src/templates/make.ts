// From a request to its LAVA job definition: rendered from the board's templates, or taken over if it came as YAML.
import { RequestError } from '../core/errors.ts';
import type { Board, Boards } from '../catalog/boards.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../catalog/plans.ts';
import { useSuppliedDefinition } from './supplied.ts';
import { metadataUrl } from './artifacts.ts';
import { renderInput, renderLab, type RenderConfig, type RenderLabConfig } from './input.ts';
import type { Marks } from './marks.ts';
import type { Rendered, Renderer } from './renderer.ts';

/** What definitions are made with. */
export interface Workshop {
  config: RenderConfig & { fetch: Pick<BridgeConfig['fetch'], 'networks'> };
  boards: Boards;
  plans: Plans;
  renderer: Renderer;
  /** The device trees of a build, by their path: from its metadata.json. */
  dtbs: (metadataUrl: string) => Promise<Readonly<Record<string, string>>>;
}

/**
 * Makes the definition of one LAVA job. Throws RequestError if the request can't be run as
 * it is, TemporaryError if the build's metadata is not to be had now.
 */
export async function makeDefinition(
  request: JobRequest,
  lab: RenderLabConfig,
  workshop: Workshop,
  marks: Marks = {},
): Promise<Rendered> {
  const { config, boards, plans, renderer, dtbs } = workshop;
  const { platform } = request.node.data;
  const { definition_yaml: yaml } = request;
  if (yaml !== undefined) {
    return useSuppliedDefinition(yaml, {
      request,
      board: boards.find(platform ?? '', lab.name), // it need not be registered
      plans,
      lab: renderLab(request, config, lab),
      definitions: lab.definitions,
      networks: config.fetch.networks,
      ...marks,
    });
  }
  const board = boardOf(platform, lab.name, boards);
  const url = metadataUrl(request, board);
  const trees = url === undefined ? {} : { dtbs: await dtbs(url) };
  return renderer.render(renderInput(request, config, lab, { board, plans, ...marks, ...trees }));
}

function boardOf(platform: string | null | undefined, lab: string, boards: Boards): Board {
  if (typeof platform === 'string' && platform !== '') return boards.get(platform, lab);
  throw new RequestError('no_platform', 'the node names no platform', { field: 'node.data.platform' });
}
