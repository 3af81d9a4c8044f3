// The `parameters` of a PULL_LABS test: one text, `k=v k=v …`. A value with spaces stands in quotes.
import { RequestError } from '../core/errors.ts';

const MAX_LENGTH = 16 * 1024;
const WORD = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;

/** Throws RequestError `bad_parameters` naming `field`. */
export function parseParameters(text: string, field: string): Record<string, string> {
  const bad = (why: string): RequestError =>
    new RequestError('bad_parameters', `${field}: ${why}`, { field });
  if (text.length > MAX_LENGTH) throw bad('longer than 16 KiB');
  if (text.replace(WORD, '').trim() !== '') throw bad('a quote is not closed');
  const parameters: Record<string, string> = {};
  for (const [word] of text.matchAll(WORD)) {
    const [, key, value] = /^([A-Za-z_][A-Za-z0-9_-]*)=(.*)$/s.exec(word) ?? [];
    if (key === undefined || value === undefined)
      throw bad(`${JSON.stringify(word.slice(0, 100))} is not key=value`);
    if (key === '__proto__') throw bad('no parameter may be called __proto__');
    parameters[key] = unquoted(value);
  }
  return parameters;
}

function unquoted(value: string): string {
  return /^"[^"]*"$|^'[^']*'$/.test(value) ? value.slice(1, -1) : value;
}
