// Quoted strings of YAML, wherever they stand: on one line of a log, or folded over several in a dump.

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};

const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The content of a double-quoted string, `text` from `from` to `to`, with its escapes resolved. */
export function unescape(text: string, from: number, to: number): string {
  let slash = text.indexOf('\\', from);
  if (slash < 0 || slash >= to) return text.slice(from, to);
  let out = '';
  let done = from;
  while (slash >= 0 && slash < to) {
    out += text.slice(done, slash);
    const name = text.charAt(slash + 1);
    const length = HEX_LENGTH[name];
    if (length === undefined) {
      out += ESCAPES[name] ?? `\\${name}`;
      done = slash + 2;
    } else {
      const point = hex(text, slash + 2, length, to);
      out += point === undefined ? `\\${name}` : String.fromCodePoint(point);
      done = point === undefined ? slash + 2 : slash + 2 + length;
    }
    slash = text.indexOf('\\', done);
  }
  return out + text.slice(done, to);
}

/** The content of a single-quoted string, whose quotes are given too; undefined if that is not what it is. */
export function singleQuoted(text: string): string | undefined {
  return /^'(?:[^']|'')*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : undefined;
}

/**
 * Lines of a scalar as one: a line break stands for a space, each empty line for a line break. In double quotes
 * (`escapes`), a break after a backslash stands for nothing. Lines come without white space around them.
 */
export function unfold(lines: readonly string[], escapes: boolean): string {
  const parts: string[] = [];
  let empty = 0;
  let joined = true;
  for (const [i, line] of lines.entries()) {
    if (line === '' && i > 0) {
      empty++;
      continue;
    }
    if (empty > 0) parts.push('\n'.repeat(empty));
    else if (!joined) parts.push(' ');
    joined = escapes && i < lines.length - 1 && endsEscaped(line);
    parts.push(joined ? line.slice(0, -1) : line);
    empty = 0;
  }
  return parts.join('');
}

function endsEscaped(line: string): boolean {
  let slash = line.length;
  while (line.charCodeAt(slash - 1) === BACKSLASH) slash--;
  return (line.length - slash) % 2 === 1;
}

function hex(text: string, from: number, length: number, to: number): number | undefined {
  const digits = text.slice(from, Math.min(to, from + length));
  if (digits.length !== length || !/^[\da-f]+$/i.test(digits)) return undefined;
  const point = Number.parseInt(digits, 16);
  return point <= 0x10ffff ? point : undefined;
}

const BACKSLASH = 0x5c;
