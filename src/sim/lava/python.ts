// Text as Python writes it: the lines of LAVA's log, YAML dumps, time stamps.
import { stringify } from 'yaml';
import type { AgeFacts } from './age.ts';

/** A value of a log line's message. */
export type LogValue =
  null | boolean | number | string | readonly LogValue[] | { readonly [key: string]: LogValue };

/**
 * One line of LAVA's log, with its line feed, as PyYAML writes it over libyaml (lava_common/log.py in LAVA):
 * looks like JSON, but has YAML's escapes, and `! "12"` for what is no string.
 */
export function logLine(
  age: AgeFacts,
  atMs: number,
  level: string,
  msg: LogValue,
  namespace?: string,
): string {
  const ns = namespace === undefined ? '' : `, "ns": ${quoted(namespace)}`;
  return `- {"dt": "${isoTime(age, atMs)}", "lvl": "${level}", "msg": ${flow(age, msg)}${ns}}\n`;
}

function flow(age: AgeFacts, value: LogValue): string {
  if (value === null) return '! "null"';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return `! "${value}"`;
  if (isList(value)) return `[${value.map((item) => flow(age, item)).join(', ')}]`;
  const entries = Object.entries(value);
  if (!age.keepsKeyOrder) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${quoted(key)}: ${flow(age, item)}`).join(', ')}}`;
}

function isList(value: LogValue): value is readonly LogValue[] {
  return Array.isArray(value);
}

const ESCAPES = new Map([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x85', '\\N'],
  ['\xa0', '\\_'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
]);

function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/gu, escaped)}"`;
}

function escaped(char: string): string {
  const short = ESCAPES.get(char);
  if (short !== undefined) return short;
  const code = char.codePointAt(0) ?? 0;
  const hex = (digits: number): string => code.toString(16).toUpperCase().padStart(digits, '0');
  if (code <= 0xff) return `\\x${hex(2)}`;
  return code <= 0xffff ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

/** A block-style dump, as PyYAML's: strings that YAML 1.1 would take for more are quoted. */
export function yamlDump(age: AgeFacts, value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return '[]\n';
  return stringify(value, {
    version: '1.1',
    singleQuote: true,
    sortMapEntries: !age.keepsKeyOrder,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}

/** `2026-11-21T16:59:08.150408`: datetime.isoformat(), with a zone in newer LAVAs. Fractions of a ms are microseconds. */
export function isoTime({ timesHaveZone }: AgeFacts, ms: number): string {
  return `${stamp(ms, 'T')}${timesHaveZone ? '+00:00' : ''}`;
}

/** `2026-11-21 16:59:08.150408+00:00`: str() of an aware datetime. */
export function strTime(ms: number | undefined): string {
  return ms === undefined ? 'None' : `${stamp(ms, ' ')}+00:00`;
}

function stamp(ms: number, between: string): string {
  const whole = Math.floor(ms);
  const iso = new Date(whole).toISOString();
  const micros = Math.min(999, Math.round((ms - whole) * 1000));
  const fraction = iso.slice(20, 23) + String(micros).padStart(3, '0');
  const seconds = `${iso.slice(0, 10)}${between}${iso.slice(11, 19)}`;
  return fraction === '000000' ? seconds : `${seconds}.${fraction}`;
}
