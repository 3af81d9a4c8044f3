// From a job's request to its LAVA job definition, with what the templates can't know: the lab's settings, the address
// for callbacks, and the device trees that the build has.
import { BridgeError, RequestError } from '../base/errors.ts';
import type { Board } from '../boards/registry.ts';
import type { JobRequest } from '../maestro/request.ts';
import { adoptDefinition } from '../templates/adopt.ts';
import { metadataUrl } from '../templates/artifacts.ts';
import type { RenderLab } from '../templates/context.ts';
import type { Rendered } from '../templates/renderer.ts';
import type { Context } from './context.ts';
import type { Lab } from './lab.ts';
import { labOf } from './labs.ts';

/**
 * Renders one attempt. Throws RequestError if the request can't be run as it is, TemporaryError if the build's
 * metadata is not to be had now.
 */
export async function renderJob(
  request: JobRequest,
  lab: Lab,
  mark: string,
  ctx: Context,
): Promise<Rendered> {
  const { definition_yaml: yaml } = request;
  if (yaml !== undefined) return adopt(yaml, request, lab, mark, ctx);
  const board = boardOf(request, lab.name, ctx);
  const { uploads } = ctx.config;
  const url = metadataUrl(request, board);
  return ctx.renderer.render({
    request,
    board,
    plans: ctx.plans,
    lab: renderLab(lab, request),
    instance: ctx.config.instance,
    mark,
    metadata: ctx.config.metadata,
    ...(uploads === undefined ? {} : { uploads: { url: uploads.url, tokenName: uploads.token_name } }),
    ...(url === undefined ? {} : { dtbs: await ctx.dtbs(url) }),
  });
}

/** A definition that is there already; its board need not be registered. */
function adopt(yaml: string, request: JobRequest, lab: Lab, mark: string, ctx: Context): Rendered {
  return adoptDefinition(yaml, {
    request,
    board: ctx.boards.find(request.node.data.platform ?? '', lab.name),
    plans: ctx.plans,
    lab: renderLab(lab, request),
    definitions: lab.config.definitions,
    allowPrivate: ctx.config.fetch.allow_private,
    mark,
  });
}

function renderLab({ name, config, callbackBase }: Lab, request: JobRequest): RenderLab {
  return {
    name,
    priority: config.lava.priority,
    callback: {
      url: `${callbackBase}/callback/${name}/${request.node.id}`,
      tokenName: config.callback.token_name,
      header: config.callback.header,
    },
    queueTimeoutMs: config.limits.queue_timeout,
  };
}

/**
 * Whether a request can be run at all, before it is taken in. Returns its priority in LAVA; throws RequestError. What
 * can be found out only later (whether the build has the board's device tree) is left to the rendering.
 */
export async function checkRequest(request: JobRequest, labName: string, ctx: Context): Promise<number> {
  const platform = request.node.data.platform ?? '';
  if (ctx.boards.find(platform) !== undefined && ctx.boards.find(platform, labName) === undefined) {
    return 0; // Registered, but not for this lab: it waits, and another bridge may have it.
  }
  try {
    return (await renderJob(request, labOf(ctx, labName), 'check', ctx)).priority;
  } catch (error) {
    if (error instanceof BridgeError && !(error instanceof RequestError)) return 0;
    throw error;
  }
}

function boardOf(request: JobRequest, lab: string, ctx: Context): Board {
  const { platform } = request.node.data;
  if (typeof platform !== 'string' || platform === '') {
    throw new RequestError('no_platform', 'the node names no platform', { field: 'node.data.platform' });
  }
  return ctx.boards.get(platform, lab);
}
