// `/logs/<path>`: the published logs, if they are kept here. What is in them came from outside, so a browser gets it
// without the right to run anything.
import type { FastifyInstance } from 'fastify';
import type { OpenLogs } from '../storage/open.ts';
import { sendFile } from './file-answer.ts';

interface ByPath {
  Params: { '*': string };
}

export function addLogs(app: FastifyInstance, { local }: OpenLogs): void {
  if (!local) return;
  app.get<ByPath>('/logs/*', async (request, reply) => {
    const file = await local.open(request.params['*']);
    if (!file) return reply.code(404).send({ error: 'not_found', message: 'no such log' });
    reply.headers({
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    return sendFile(file, request, reply);
  });
}
