// What an error answer says, for messages: short, on one line, without mark-up. All text of others that becomes part of a
// message is cut and cleaned here.
import type { HttpAnswer } from './http-exchange.ts';
import { tryJson } from './parse/json.ts';
import { PARSE_LIMITS } from './parse/limits.ts';

const MAX_TEXT = 500;
const MAX_READ = 64 * 1024;

/** The JSON's `detail` or `message` if there is one, else the start of the body; `no text` for an empty one. */
export function answerText(answer: Pick<HttpAnswer, 'body'>): string {
  const text = answer.body.subarray(0, MAX_READ).toString('utf8');
  const line = oneLine(detailOf(text) ?? text.replace(/<[^>]*>/g, ' '));
  return line === '' ? 'no text' : line;
}

/** Without line breaks, control characters and half characters, at most `max` characters long. */
export function oneLine(text: string, max = MAX_TEXT): string {
  // More than is kept is not looked at: the text may be huge.
  const start = text.slice(0, 4 * max).toWellFormed();
  const line = start.replace(/[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ').trim();
  const isCut = line.length > max || text.length > start.length;
  return isCut ? `${line.slice(0, max).replace(/[\ud800-\udbff]$/, '')}…` : line;
}

function detailOf(text: string): string | undefined {
  const value = tryJson(text, PARSE_LIMITS.answer);
  if (typeof value !== 'object' || value === null) return undefined;
  const words = 'detail' in value ? value.detail : 'message' in value ? value.message : undefined;
  if (words === undefined) return undefined;
  return typeof words === 'string' ? words : JSON.stringify(words);
}
