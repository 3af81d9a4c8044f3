// One line of a board's console taken apart: what stood before the kernel's time stamp, the stamp, the caller id, the
// message. Kernels write stamps in several forms, and a line may have lost its first characters.

/** A console line, split into its parts. */
export interface ConsoleLine {
  /** The kernel's time stamp in seconds; undefined if the line has none. */
  stamp: number | undefined;
  /** The task or CPU that printed it, `T123` or `C0` (CONFIG_PRINTK_CALLER); separates interleaved reports. */
  caller: string;
  /** What follows time stamp, caller id and level. The two spaces before a line of a call trace stay. */
  message: string;
  /** Other text before the time stamp: a shell's prompt, half a line of a program's output. */
  before: string;
  /** The stamp lost its first bracket, and maybe digits with it. */
  torn: boolean;
}

// `[    1.234567]`, `[ 2.5@1]` (with the CPU), `[    1.234567][   T12]`, each with a level before or after it; vendors' kernels
// also write the CPU, the calendar's time or the task (`.(1)[12:sh]`) in or behind it. Bounded parts, each of its own
// characters: no backtracking to speak of. The kernel fills up with spaces: `[0000.068]` is a boot loader's (Tegra).
const VENDOR = String.raw`(?:@\d{1,4}|(?<=\d{6})[,/ ]{1,3}[\d:.@/-][\d:.@/ -]{0,30})?`;
const NUMBER = String.raw` {0,12}((?!0\d)\d{1,10}\.\d{1,9})${VENDOR}`;
const CALLER = String.raw`(?:\[ {0,8}([TC]\d{1,10})(?:[ (/][^\]]{0,40})?\])?`;
const END = String.raw` ?(?:<\d{1,3}>)?(?:\.?\(\d{1,3}\)\[\d{1,7}:[^\]]{1,24}\] ?)?`;
const STAMPED = new RegExp(String.raw`^(?:<\d{1,3}>)?\[${NUMBER}\]${CALLER}${END}`);
/** Within a line a stamp must look more like one: programs print times in brackets too. */
const INSIDE = new RegExp(
  String.raw`\[ {0,12}(\d{1,10}\.(?:\d{4,9}|\d{1,9}(?=@)))(?:@\d{1,4})?\]${CALLER}${END}`,
  'y',
);
const TORN = new RegExp(String.raw`^(\d{0,10}\.\d{6})(?:@\d{1,4})?\]${CALLER}${END}`);
/** A kernel without time stamps may still name the level and the caller. */
const UNTIMED = /^(?:<\d{1,3}>)?(?:\[ {0,8}([TC]\d{1,9})\] )?/;

/** Only so much of a line, and so many brackets of it, are looked at for a stamp inside it. */
const MAX_BEFORE = 1000;
const MAX_BRACKETS = 20;

export function readConsoleLine(line: string): ConsoleLine {
  const first = line.charCodeAt(0);
  if (first === BRACKET || first === LESS) {
    const found = STAMPED.exec(line);
    if (found !== null) return stamped(found, line.slice(found[0].length), '');
  } else if (isDigit(first) || first === DOT) {
    const found = TORN.exec(line);
    if (found !== null) return { ...stamped(found, line.slice(found[0].length), ''), torn: true };
  }
  const inside = findStamp(line, 1);
  if (inside !== undefined) return inside;
  const start = first === BRACKET || first === LESS ? UNTIMED.exec(line) : null;
  const message = start === null ? line : line.slice(start[0].length);
  return { stamp: undefined, caller: start?.[1] ?? '', message, before: '', torn: false };
}

/** The first time stamp that stands inside a line, from `from` on. */
export function findStamp(line: string, from: number): ConsoleLine | undefined {
  let at = line.indexOf('[', from);
  for (let n = 0; at >= 0 && at < MAX_BEFORE && n < MAX_BRACKETS; n++) {
    INSIDE.lastIndex = at;
    const next = line.charCodeAt(at + 1);
    const found = next === SPACE || isDigit(next) ? INSIDE.exec(line) : null;
    if (found !== null) return stamped(found, line.slice(at + found[0].length), line.slice(0, at));
    at = line.indexOf('[', at + 1);
  }
  return undefined;
}

function stamped(found: RegExpExecArray, message: string, before: string): ConsoleLine {
  return { stamp: Number(found[1]), caller: found[2] ?? '', message, before, torn: false };
}

const BRACKET = 0x5b;
const LESS = 0x3c;
const SPACE = 0x20;
const DOT = 0x2e;

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

/** The trace of a shell (`set -x`): what stands in it is quoted. */
export function isShellTrace(line: string): boolean {
  return line.startsWith('+') && /^\++ /.test(line);
}

// Text before a stamp that says that the line is shown, not written: `dmesg -x` (as KernelCI's baseline test calls it), the
// system log, a shell's command.
const SHOWN =
  /\b(?:kern|user|daemon|syslog) {0,4}:\w{1,10} {0,4}: {0,3}$|\bkernel: $|["'`]$|\becho\b|\bdmesg\b|(?:^|:)\d{1,7}:$/;

/** Whether the line only shows what a kernel wrote earlier. */
export function isShown({ before }: ConsoleLine): boolean {
  return before !== '' && SHOWN.test(before.slice(-200));
}
