// `POST /api/v1/files` takes a file for a test of one's own, and `/files/<path>` gives it to LAVA.
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { PermanentError } from '../core/errors.ts';
import { LARGEST_FILE, type OwnFiles } from '../storage/own-files.ts';
import { refuse, type Guards } from './auth.ts';
import { sendFile } from './file-answer.ts';
import { FileQuery } from './queries.ts';
import { invalid } from './refusals.ts';

/** Takes files, for whoever may give orders. The body is the file, and is never held in memory. */
export function addFileIntake(app: FastifyInstance, files: OwnFiles, guards: Guards): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post<{ Body: Readable }>(
      '/api/v1/files',
      { onRequest: guards.operate, bodyLimit: LARGEST_FILE },
      async (request, reply) => {
        const query = FileQuery.safeParse(request.query);
        if (!query.success) return invalid(reply, query.error);
        try {
          return { path: await files.put(query.data.name, request.body) };
        } catch (error) {
          if (error instanceof PermanentError) return refuse(reply, 400, error.code, error.message, 'name');
          throw error;
        }
      },
    );
  });
}

/** Gives them to whoever knows the path. */
export function addFiles(app: FastifyInstance, files: OwnFiles): void {
  app.get<{ Params: { '*': string } }>('/files/*', async (request, reply) => {
    const file = await files.open(request.params['*']);
    if (!file) return refuse(reply, 404, 'not_found', 'no such file');
    reply.headers({
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    return sendFile(file, request, reply);
  });
}
