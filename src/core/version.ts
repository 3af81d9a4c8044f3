// The program's own version.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** As in package.json, `0.1.0`. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
