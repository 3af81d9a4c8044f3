// Where logs go: the one interface, and what a path in it may look like.
import type { Readable } from 'node:stream';
import { PermanentError } from '../core/errors.ts';

/** Keeps files for everybody to read. */
export interface LogStore {
  /**
   * Keeps a file under a path (`<job>/log.txt`; directories as needed) and gives the URL where everybody can read it.
   * The same path may be put again; who reads a path may then see either. A stream is read once, whatever happens.
   * Throws TemporaryError for what may pass, and PermanentError (`bad_path`, `storage_auth`, `storage_forbidden`,
   * `storage_refused`).
   */
  put: (path: string, content: Uint8Array | Readable, contentType: string) => Promise<string>;
}

// No segment begins with a dot, so there is no way up, and names with a dot are left for the store's own files.
const PATH = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}(\/[A-Za-z0-9_][A-Za-z0-9._-]{0,199}){0,15}$/;

/** Whether a path is one that a store takes. */
export function isLogPath(path: string): boolean {
  return PATH.test(path) && path.length <= 1000;
}

/** Throws PermanentError `bad_path` for a path that no store takes. */
export function checkLogPath(path: string): void {
  if (isLogPath(path)) return;
  throw new PermanentError(
    'bad_path',
    `not a path for a log: ${JSON.stringify(path.slice(0, 200))} (letters, digits and . _ -, no leading dot)`,
  );
}

const TYPES: Record<string, string> = {
  txt: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  yaml: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  gz: 'application/gzip',
  xz: 'application/x-xz',
};

/** The content type of a file, by its name. */
export function contentTypeOf(path: string): string {
  return TYPES[/\.([a-z]+)$/.exec(path)?.[1] ?? ''] ?? 'application/octet-stream';
}
