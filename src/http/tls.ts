// The files for https, read at the start and again by a reload.
import { readFileSync } from 'node:fs';
import { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { HttpConfig } from '../config/http-schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { BridgeError, errorText } from '../core/errors.ts';

/** What https needs, as PEM. */
export interface TlsFiles {
  cert: string;
  key: string;
}

/** Reads the files of `http.tls`; undefined without it. Throws BridgeError `secret` or `tls`. */
export function readTls({ tls }: HttpConfig): TlsFiles | undefined {
  if (tls === undefined) return undefined;
  try {
    const files = { cert: readFileSync(tls.certificate, 'utf8'), key: resolveSecret(tls.key) };
    createSecureContext(files);
    return files;
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    throw new BridgeError(
      'tls',
      `http.tls: ${tls.certificate} and its key cannot be used: ${errorText(error)}`,
      { cause: error },
    );
  }
}

/** New connections get these from now on. */
export function useTls(app: FastifyInstance, files: TlsFiles): void {
  const { server }: { server: unknown } = app;
  if (server instanceof Server) server.setSecureContext(files);
}
