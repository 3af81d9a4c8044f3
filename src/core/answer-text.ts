// What an error answer says, for messages: short, on one line, without mark-up.
import type { HttpAnswer } from './http-exchange.ts';

const MAX_TEXT = 500;
const MAX_READ = 64 * 1024;

/** The JSON's `detail` or `message` if there is one, else the start of the body; `no text` for an empty one. */
export function answerText(answer: Pick<HttpAnswer, 'body'>): string {
  const text = answer.body.subarray(0, MAX_READ).toString('utf8');
  const line = oneLine(told(text) ?? text.replace(/<[^>]*>/g, ' '));
  return line === '' ? 'no text' : line;
}

/** Without line breaks and control characters, at most 500 characters. */
export function oneLine(text: string): string {
  const line = text.replace(/[\s\x00-\x1f\x7f]+/g, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT).toWellFormed()}…` : line;
}

function told(text: string): string | undefined {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const words = 'detail' in value ? value.detail : 'message' in value ? value.message : undefined;
  if (words === undefined) return undefined;
  return typeof words === 'string' ? words : JSON.stringify(words);
}

/** The parsed text, or undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
