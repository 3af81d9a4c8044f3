// Writes plain data as YAML that every reader takes for the same: LAVA reads with PyYAML (YAML 1.1), where on, 1:20 or
// 0x10 without quotes are no texts. A text stands without quotes only if it is harmless in both versions.
import { RequestError } from '../core/errors.ts';

const HARMLESS = /^[A-Za-z_/][\w/.@+%=,~-]*(?:[: ][\w/.@+%=,~-]+)*$/;
const WORDS = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null']);
/** An exponent alone: some readers of YAML 1.1 take it for a number. */
const EXPONENT = /^e\d+$/i;
/** Longer texts are quoted without looking. */
const MAX_PLAIN = 200;

/**
 * The YAML text of plain data, block style. A null is a fault of a template, unless `nulls`. Throws RequestError
 * `bad_text` for what no YAML text can hold.
 */
export function emitYaml(value: unknown, { nulls = false }: { nulls?: boolean } = {}): string {
  const lines: string[] = [];
  emitBlock(value, '', '', { lines, nulls }, []);
  return `${lines.join('\n')}\n`;
}

type Path = (string | number)[];

interface Output {
  lines: string[];
  nulls: boolean;
}

/** Puts `value` below `head` (what stands before it on its line: `key:` or `-`), its own lines with `indent`. */
function emitBlock(value: unknown, head: string, indent: string, out: Output, path: Path): void {
  const inline = value === null && out.nulls ? 'null' : inlineForm(value, path);
  if (inline !== undefined) {
    out.lines.push(head === '' ? inline : `${head} ${inline}`);
    return;
  }
  const isItem = head.endsWith('-');
  if (head !== '' && !isItem) out.lines.push(head);
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      path.push(i);
      const start = isItem && i === 0 ? `${head} -` : `${indent}-`;
      emitBlock(item, start, `${indent}  `, out, path);
      path.pop();
    }
    return;
  }
  let first = isItem;
  for (const [key, item] of Object.entries(value as object)) {
    path.push(key);
    const name = `${scalar(key, path)}:`;
    const start = first ? `${head} ${name}` : `${indent}${name}`;
    emitBlock(item, start, Array.isArray(item) ? indent : `${indent}  `, out, path);
    first = false;
    path.pop();
  }
}

function inlineForm(value: unknown, path: Path): string | undefined {
  if (typeof value === 'string') return scalar(value, path);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return number(value, path);
  if (Array.isArray(value)) return value.length === 0 ? '[]' : undefined;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '{}' : undefined;
  throw new RequestError('template', `${path.join('.')} has no value`, { field: path.join('.') });
}

function number(value: number, path: Path): string {
  if (!Number.isFinite(value)) {
    throw new RequestError('bad_number', `${path.join('.')}: ${value} is no number for YAML`, {
      field: path.join('.'),
    });
  }
  const text = String(value);
  // YAML 1.1 wants a dot in a number with an exponent.
  return text.includes('e') && !text.includes('.') ? text.replace('e', '.0e') : text;
}

function scalar(text: string, path: Path): string {
  const isPlain = HARMLESS.test(text) && !WORDS.has(text.toLowerCase()) && !EXPONENT.test(text);
  if (text.length <= MAX_PLAIN && isPlain) return text;
  if (text.includes('\0') || !text.isWellFormed()) {
    const what = text.includes('\0') ? 'a NUL character' : 'half of a surrogate pair';
    throw new RequestError('bad_text', `${path.join('.')} holds ${what}`, { field: path.join('.') });
  }
  // JSON's escapes are YAML's too; what JSON leaves as it is and YAML 1.1 or XML do not take is escaped as well.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
