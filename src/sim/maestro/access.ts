// Whose request it is to the simulated Maestro, and what that user may change (kernelci-api api/main.py, July 2026).
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Database } from './database.ts';
import { ApiError } from './model.ts';

export interface SimUser {
  token: string;
  username: string;
  groups: string[];
}

/** The id in the path; 400 if it is malformed. */
export function objectId(request: FastifyRequest): string {
  const { id } = z.object({ id: z.string() }).parse(request.params);
  if (!/^[0-9a-f]{24}$/.test(id)) throw new ApiError(400, `'${id}' is not a valid ObjectId`);
  return id;
}

/** Who the token is; 401 if it is no user's. */
export function userOf(request: FastifyRequest, users: SimUser[]): SimUser {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const user = users.find((one) => one.token === token);
  if (user === undefined) throw new ApiError(401, 'Unauthorized');
  return user;
}

/** The node's id, if the caller may edit it; 401 (not 403) if not, 404 for an unknown node. */
export function editable(request: FastifyRequest, users: SimUser[], database: Database): string {
  const user = userOf(request, users);
  const id = objectId(request);
  const node = database.get(id);
  if (node === undefined) throw new ApiError(404, `Node not found with id: ${id}`);
  const runtime = String(node.data?.['runtime']);
  const enough = ['node:edit:any', `runtime:${runtime}:node-editor`, `runtime:${runtime}:node-admin`];
  if (
    user.username !== node.owner &&
    !user.groups.some((group) => enough.includes(group) || node.user_groups.includes(group))
  ) {
    throw new ApiError(401, 'Unauthorized to complete the operation');
  }
  return id;
}
