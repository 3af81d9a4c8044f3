// A log line as people read it: colours and cursor movements out, other control characters visible. One line stays one
// line, so that line numbers hold.
import type { LogLine } from './model.ts';

/** Makes the text of a log's lines readable. It has to see all of them, in order. */
export class LineCleaner {
  #extraSlashes = false;

  /** The line's text; of a message that is no text, one that stands for it. */
  clean(line: LogLine): string {
    const text = line.text ?? describe(line.value);
    if (!FROM_BOARD.has(line.level)) {
      this.#extraSlashes ||= isOldDispatcher(text);
      return readable(text);
    }
    return readable(this.#extraSlashes ? text.replaceAll('\\"', '"') : text);
  }
}

const FROM_BOARD = new Set(['target', 'feedback', 'input']);

// Dispatchers up to 2023.10 put a backslash before every quote of the console; the first line of a log shows it.
function isOldDispatcher(text: string): boolean {
  const found = /^lava-dispatcher, installed at version: (\d{4})\./.exec(text);
  return found !== null && Number(found[1]) < 2024;
}

/** Text without terminal controls; of control characters only the line break and the tab are left as they are. */
export function readable(text: string): string {
  if (!ODD.test(text)) return text;
  return text
    .replaceAll(SEQUENCE, '')
    .replaceAll(REMNANT, '')
    .replaceAll(/\r+/g, (run, at: number, all: string) => (isLineEnd(all, at + run.length) ? '' : run))
    .replaceAll(CONTROL, visible);
}

// Not a part of the pattern: looking ahead from each of many carriage returns takes quadratic time.
function isLineEnd(text: string, at: number): boolean {
  return at === text.length || text[at] === '\n';
}

// A bracket with a digit or a question mark, or any character that is not to be shown as it is.
const ODD = /\[[\d?]|[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A whole escape sequence: CSI, OSC, or a single character. */
const SEQUENCE =
  /\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\)|[@-Z\\^_=>()78])/g;

/** What is left of one, since LAVA takes out the escape character: only what hardly is anybody's text. */
const REMNANT =
  /\[(?:\?\d{1,4}[hl]|\d{1,3}(?:;\d{1,3}){0,5}m|\d{1,3};\d{1,3}[Hfr]|[0-3]?[JK](?=\[\d)|[0-2]K|[0-3]J)(?!\])/g;

function visible(char: string): string {
  const code = char.charCodeAt(0);
  if (code === 0) return '';
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  if (code === 0x7f) return '^?';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

/** A message that is no text, in words: results, lists of prompts or commands. At most 2,000 characters. */
export function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'case' in value && 'result' in value) {
    return cut(describeResult({ ...value }));
  }
  return cut(JSON.stringify(value) ?? '');
}

function describeResult({ definition, case: name, result, ...rest }: Record<string, unknown>): string {
  const suite = typeof definition === 'string' ? `${definition}.` : '';
  const measured = rest['measurement'];
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  const value =
    measured === undefined
      ? ''
      : ` ${plain(measured)}${rest['units'] === undefined ? '' : ` ${plain(rest['units'])}`}`;
  return `${suite}${plain(name)}: ${plain(result)}${value}${more}`;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

const MAX_DESCRIPTION = 2000;

function cut(text: string): string {
  return text.length <= MAX_DESCRIPTION ? text : `${text.slice(0, MAX_DESCRIPTION)}…`;
}
