// A job's request and its LAVA job definition, with the lab's settings.
import { BridgeError, RequestError } from '../core/errors.ts';
import type { JobRequest } from '../maestro/request.ts';
import { makeDefinition } from '../templates/make.ts';
import type { Marks } from '../templates/marks.ts';
import type { Rendered } from '../templates/renderer.ts';
import { labOf, type LabPorts } from './labs.ts';

/** What making a definition uses. */
export type RenderPorts = LabPorts & Parameters<typeof makeDefinition>[2];

/** Makes the definition of one attempt. Throws as makeDefinition does. */
export function renderJob(
  request: JobRequest,
  labName: string,
  marks: Marks,
  ports: RenderPorts,
): Promise<Rendered> {
  return makeDefinition(request, labOf(ports, labName).config, ports, marks);
}

/**
 * Whether a request can be run at all, before it is taken in. Returns its priority in LAVA; throws RequestError. What
 * can be found out only later (whether the build has the board's device tree) is left to the rendering.
 */
export async function checkRequest(
  request: JobRequest,
  labName: string,
  ports: RenderPorts,
): Promise<number> {
  const platform = request.node.data.platform ?? '';
  if (ports.boards.find(platform) !== undefined && ports.boards.find(platform, labName) === undefined) {
    return 0; // Registered, but not for this lab: it waits, and another bridge may have it.
  }
  try {
    return (await renderJob(request, labName, { mark: 'check' }, ports)).priority;
  } catch (error) {
    if (error instanceof BridgeError && !(error instanceof RequestError)) return 0;
    throw error;
  }
}
