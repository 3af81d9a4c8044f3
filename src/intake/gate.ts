// The gate that every request passes, whichever way it comes: how large it is and how deeply nested. It is asked before
// anything else is done with the request, so nothing behind it has to expect more.
import { Buffer } from 'node:buffer';
import { RequestError } from '../core/errors.ts';
import { isWithinDepth } from '../core/parse/depth.ts';
import type { BridgeConfig } from '../config/schema.ts';
import type { MaestroNode } from '../maestro/node.ts';
import type { JobRequest } from '../maestro/request.ts';

/** Characters of a name in what is stored of a refused request. */
const LONGEST_NAME = 200;

/** Why the request may not pass; undefined if it may. */
export function gateRefusal(
  request: JobRequest,
  { max_size, max_depth }: BridgeConfig['requests'],
): RequestError | undefined {
  if (!isWithinDepth(request, max_depth)) {
    return new RequestError(
      'too_deep',
      `the request is nested more than ${max_depth} levels deep (requests.max_depth)`,
    );
  }
  const size = Buffer.byteLength(JSON.stringify(request));
  if (size <= max_size) return undefined;
  return new RequestError(
    'too_large',
    `the request has ${size} bytes, more than ${max_size} (requests.max_size)`,
  );
}

/** What is kept of a request that may not pass: enough to end its node and to show it. */
export function stubOf({ node }: JobRequest): JobRequest {
  const { id, kind, state, data } = node;
  const name = cut(node.name);
  const { runtime, platform } = data;
  const stub: MaestroNode = {
    id,
    kind,
    name,
    state,
    path: [name],
    artifacts: {},
    data: { runtime, ...(typeof platform === 'string' ? { platform: cut(platform) } : {}) },
    retry_counter: node.retry_counter,
  };
  return { node: stub };
}

function cut(text: string): string {
  return text.slice(0, LONGEST_NAME).toWellFormed();
}
