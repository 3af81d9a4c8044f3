// The console text that Maestro keeps and its triage reads: made of a LAVA log's `target` lines (kernelci-core,
// runtime/lava.py; kernelci-pipeline, lava_callback.py). Its issue ids depend on every character of it.

/**
 * The message of a `target` line as it stands in Maestro's log, empty if it does not stand there: stripped at both
 * ends, ESC written `^[`, NUL dropped, every other character of Latin-1 that is not printable a question mark. Line
 * breaks inside are kept.
 */
export function maestroText(message: string): string {
  const text = strip(message);
  if (!UNPRINTABLE.test(text)) return text;
  return text.replaceAll('\x1b', '^[').replaceAll('\0', '').replaceAll(EVERY_UNPRINTABLE, '?');
}

// What Python's str.isprintable() refuses in Latin-1, the line break aside.
const UNPRINTABLE = /[\0-\x09\x0b-\x1f\x7f-\xa0\xad]/;
const EVERY_UNPRINTABLE = new RegExp(UNPRINTABLE, 'g');

/** Python's str.strip(): what it takes for white space differs from JavaScript's trim(). */
function strip(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isSpace(char: number): boolean {
  if (char < 0x80) return char === 0x20 || (char >= 0x09 && char <= 0x0d) || (char >= 0x1c && char <= 0x1f);
  return char === 0x85 || (char !== 0xfeff && String.fromCharCode(char).trim() === '');
}
