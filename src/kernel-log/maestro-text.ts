// The console text that Maestro keeps and its triage reads: made of a LAVA log's `target` lines (kernelci-core,
// runtime/lava.py; kernelci-pipeline, lava_callback.py). Its issue ids depend on every character of it.

/**
 * The message of a `target` line as it stands in Maestro's log, empty if it does not stand there: stripped at both
 * ends, ESC written `^[`, NUL dropped, every other character of Latin-1 that is not printable a question mark. Line
 * breaks inside are kept.
 */
export function maestroText(message: string): string {
  const text = strip(message);
  return UNPRINTABLE.test(text) ? visible(text) : text;
}

// What Python's str.isprintable() refuses in Latin-1, the line break aside.
const UNPRINTABLE = /[\0-\x09\x0b-\x1f\x7f-\xa0\xad]/;

function visible(text: string): string {
  if (text.length > MAX_SHORT) return visibleLong(text);
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === ESC) out += '^[';
    else if (char !== 0) out += isPrintable(char) ? text[i] : '?';
  }
  return out;
}

/** Longer ones go by a buffer: adding text to text takes much memory then. */
const MAX_SHORT = 1000;

function visibleLong(text: string): string {
  const out = new Uint16Array(2 * text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === ESC) {
      out[length++] = CARET;
      out[length++] = BRACKET;
    } else if (char !== 0) out[length++] = isPrintable(char) ? char : QUESTION;
  }
  return Buffer.from(out.buffer, 0, 2 * length).toString('utf16le');
}

const ESC = 0x1b;
const CARET = 0x5e;
const BRACKET = 0x5b;
const QUESTION = 0x3f;

function isPrintable(char: number): boolean {
  if (char < 0x7f) return char >= 0x20 || char === 0x0a;
  return char > 0xa0 && char !== 0xad;
}

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
