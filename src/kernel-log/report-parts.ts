// What the reports of a kernel have in common: the banner, the hardware's name, the modules, the call trace. Each part
// is looked for in the indexed text from one place to another, as logspec does.
import { stampEnd } from './console-text.ts';
import type { ConsoleIndex, Mark } from './console-index.ts';

// "WARNING: CPU: 0 PID: 1 at kernel/fork.c:12 copy+0x1/0x2": after a stamp the first word in capitals with a colon,
// and on the same line " at " and a place.
export function findBanner(
  index: ConsoleIndex,
  from: number,
  to: number,
): { word: string; location: string; end: number } | undefined {
  const text = index.text;
  let stamp = index.nextStamp(from, to);
  while (stamp !== undefined) {
    const end = index.lineEnd(stamp.end, to);
    const rest = text.slice(stamp.end, end);
    const word = firstBannerWord(rest);
    const at = word === undefined ? -1 : rest.indexOf(' at ', word.end);
    if (word !== undefined && at >= 0) return { word: word.word, location: rest.slice(at + 4), end };
    // A later stamp on the same line sees less of it.
    stamp = index.nextStamp(end, to);
  }
  return undefined;
}

function firstBannerWord(text: string): { word: string; end: number } | undefined {
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    let from = colon;
    while (from > 0 && isCapital(text.charCodeAt(from - 1))) from--;
    if (from < colon) return { word: text.slice(from, colon), end: colon + 1 };
  }
  return undefined;
}

function isCapital(char: number): boolean {
  return char >= 0x41 && char <= 0x5a;
}

/** The end of the run of lines that begin with a time stamp: a board that resets on panic prints no end marker. */
export function stampedRunEnd(index: ConsoleIndex, start: number, to: number): number {
  let at = start;
  while (at < to && beginsWithStamp(index.text, at) !== undefined) {
    const end = index.lineEnd(at, to);
    at = end < to ? end + 1 : to;
  }
  return at;
}

/** The end of the time stamp that stands at `at`, if one does. */
function beginsWithStamp(text: string, at: number): number | undefined {
  const end = text.charAt(at) === '[' ? stampEnd(text, at) : -1;
  return end < 0 ? undefined : end;
}

/** The first whole line that is a time stamp, a space, and text without a colon. */
export function plainLine(
  index: ConsoleIndex,
  from: number,
  to: number,
): { value: string; end: number } | undefined {
  for (let at = from; at < to;) {
    const end = index.text.indexOf('\n', at);
    if (end < 0 || end >= to) return undefined;
    const stamp = beginsWithStamp(index.text, at);
    if (stamp !== undefined && stamp < end && index.text.startsWith(' ', stamp)) {
      const value = index.text.slice(stamp + 1, end);
      if (!value.includes(':')) return { value, end: end + 1 };
    }
    at = end + 1;
  }
  return undefined;
}

export interface Found<T> {
  start: number;
  value: T;
  end: number;
}

export function hardwareName(index: ConsoleIndex, from: number, to: number): Found<string> | undefined {
  return restOfLine(index, index.next('hardware', from, to), to);
}

export function moduleList(
  index: ConsoleIndex,
  from: number,
  to: number,
  spaced: boolean,
): Found<string[]> | undefined {
  let mark = index.next('modules', from, to);
  if (spaced) {
    while (mark !== undefined && !(mark.body < to && index.text.startsWith(' ', mark.body))) {
      mark = index.next('modules', mark.body, to);
    }
  }
  const found = restOfLine(index, mark, to);
  return (
    found && {
      ...found,
      value: found.value
        .split(WHITE_SPACE)
        .filter((name) => name !== '')
        .sort(),
    }
  );
}

/** What Python's str.split() splits at. */
const WHITE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function restOfLine(index: ConsoleIndex, mark: Mark | undefined, to: number): Found<string> | undefined {
  if (mark === undefined) return undefined;
  const end = index.lineEnd(mark.body, to);
  return { start: mark.start, value: index.text.slice(mark.body, end), end };
}

export function callTrace(index: ConsoleIndex, from: number, to: number): string[] {
  const mark = index.next('call_trace', from, to);
  return mark === undefined ? [] : traceLines(index, mark.body, to, { strict: false, limit: Infinity });
}

/** Lines with two spaces after the stamp; strict: exactly two. */
export function traceLines(
  index: ConsoleIndex,
  from: number,
  to: number,
  { strict, limit }: { strict: boolean; limit: number },
): string[] {
  const lines: string[] = [];
  let mark = index.next('trace', from, to);
  while (mark !== undefined && lines.length < limit) {
    const end = index.lineEnd(mark.body, to);
    const skip = strict && (mark.body >= to || WHITE_SPACE.test(index.text.charAt(mark.body)));
    if (!skip) lines.push(index.text.slice(mark.body, end));
    mark = index.next('trace', skip ? mark.body : end, to);
  }
  return lines;
}
