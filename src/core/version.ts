// The program's own version.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseJson } from './parse/json.ts';
import { PARSE_LIMITS } from './parse/limits.ts';

/** As in package.json, `0.1.0`. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(parseJson(text, PARSE_LIMITS.file)).version;
}
