// Writes log lines as LAVA does: PyYAML's flow style with every scalar in double quotes, ASCII only. For tests.

const NAMED: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

function dumpString(text: string): string {
  const chars = Array.from(text, (char) => {
    const named = NAMED[char];
    if (named !== undefined) return `\\${named}`;
    const code = char.codePointAt(0) ?? 0;
    if (code >= 0x20 && code < 0x7f) return char;
    const hex = code.toString(16).toUpperCase();
    if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
  return `"${chars.join('')}"`;
}

/** Null, booleans and numbers as libyaml's emitter writes them; `tag` is `!!int` and so on without libyaml. */
export function dumpValue(value: unknown, tag = (_type: string): string => '!'): string {
  if (typeof value === 'string') return dumpString(value);
  if (value === null) return `${tag('null')} "null"`;
  if (typeof value === 'boolean') return `${tag('bool')} "${value}"`;
  if (typeof value === 'number') {
    return Number.isSafeInteger(value)
      ? `${tag('int')} "${value}"`
      : `${tag('float')} "${pythonFloat(value)}"`;
  }
  if (Array.isArray(value)) return `[${value.map((item: unknown) => dumpValue(item, tag)).join(', ')}]`;
  const pairs = Object.entries(value ?? {}).map(
    ([key, item]) => `${dumpString(key)}: ${dumpValue(item, tag)}`,
  );
  return `{${pairs.join(', ')}}`;
}

export function dumpLine(level: string, msg: unknown, more: { dt?: string; ns?: string } = {}): string {
  const ns = more.ns === undefined ? '' : `, "ns": ${dumpString(more.ns)}`;
  const dt = more.dt ?? '2026-08-21T15:20:23.000100+00:00';
  return `- {"dt": "${dt}", "lvl": "${level}", "msg": ${dumpValue(msg)}${ns}}`;
}

function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const [digits = '', exponent] = String(value).split('e');
  if (exponent === undefined) return digits.includes('.') ? digits : `${digits}.0`;
  return `${digits.includes('.') ? digits : `${digits}.0`}e${exponent}`;
}
