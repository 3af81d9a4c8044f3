// Damage to a LAVA callback, as nature and malice do it: cuts, doubled and swapped lines, odd bytes, huge numbers, wrong
// types, deep nesting, very long lines, missing keys. All of it from a seeded generator, so that each case can be had again.

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** The same sequence for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function below(next: Random, limit: number): number {
  return Math.floor(next() * limit);
}

export function pick<T>(next: Random, list: readonly T[]): T {
  const item = list[below(next, list.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** Text that means something to one of the readers, or to a browser. */
export const HOSTILE: readonly string[] = [
  '\0',
  '\ud800',
  '\udc00\ud800',
  '\ufeff',
  '\u2028\u2029\x85',
  '\x1b[31;1m\x1b]0;title\x07',
  '\u202e\u200b',
  '😀'.repeat(3),
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '</pre></div></body>',
  "'; DROP TABLE tests; --",
  '{{#each this}}{{/each}}',
  '${7*7}',
  '__proto__',
  'constructor',
  '../../../../etc/passwd',
  '%00%ff%',
  '..a...b..',
  '-0',
  '1e309',
  'NaN',
  '9'.repeat(400),
  '0.1000000000000000055511151231257827021181583404541015625',
  '2026-13-45T99:99:99.999999',
  '9999-12-31 23:59:59.999999+00:00',
  'None',
  'null',
  '~',
  '! "12"',
  '!!python/object/apply:os.system ["true"]',
  '&id001 [*id001]',
  '*id999',
  '&a [*a, *a]',
  '|-\n    folded\n      text',
  '>+\n\n\n',
  '? [complex]\n: key',
  '- - - - - -',
  '\t',
  '"unfinished',
  "'it''s",
  '\\x4',
  '\\U0011FFFF',
  '# a comment',
  '--- \n...\n%YAML 9.9',
  '[    2.000000] Kernel panic - not syncing: odd',
  '[    3.000000][    T1] BUG: KASAN: use-after-free in odd+0x1/0x2',
  '[    3.000000] ------------[ cut here ]------------',
  '[    3.000000] ---[ end trace 0000000000000000 ]---',
  '[18446744073.709551] rcu: INFO: rcu_preempt self-detected stall on CPU',
  '<LAVA_SIGNAL_STARTRUN 0_smoke 1_1.1>',
  '<LAVA_SIGNAL_STARTRUN 99_<b>odd</b> 1_1.1>',
  '<LAVA_SIGNAL_ENDRUN 0_smoke 1_1.1>',
  'Starting kernel ...',
  'job timed out after 99999999999999999999 seconds',
  'auto-login-action timed out after 1 seconds',
];

const MAX = 2 * 1024 * 1024;

const TEXT_DAMAGE: readonly ((text: string, next: Random) => string)[] = [
  // Cut: a piece out, the begin away, the end away.
  (text, next) => {
    const at = below(next, text.length);
    return text.slice(0, at) + text.slice(at + below(next, 2000));
  },
  (text, next) => text.slice(below(next, text.length)),
  (text, next) => text.slice(0, below(next, text.length)),
  // Doubled.
  (text, next) => {
    const at = below(next, text.length);
    const piece = text.slice(at, at + below(next, 5000));
    return text.slice(0, at) + piece.repeat(1 + below(next, 4)) + text.slice(at);
  },
  // Lines doubled, swapped, dropped, indented.
  onLines((lines, next) => {
    const at = below(next, lines.length);
    lines.splice(at, 0, ...lines.slice(at, at + 1 + below(next, 20)));
  }),
  onLines((lines, next) => {
    for (let i = 0; i < 5; i++) {
      const [a, b] = [below(next, lines.length), below(next, lines.length)];
      [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
    }
  }),
  onLines((lines, next) => {
    lines.splice(below(next, lines.length), 1 + below(next, 30));
  }),
  onLines((lines, next) => {
    const at = below(next, lines.length);
    lines[at] = `${' '.repeat(1 + below(next, 6))}${lines[at] ?? ''}`;
  }),
  // Something put in, between two characters or as a line, or a character changed.
  (text, next) => {
    const at = below(next, text.length);
    return text.slice(0, at) + pick(next, HOSTILE) + text.slice(at);
  },
  onLines((lines, next) => {
    lines.splice(below(next, lines.length), 0, logLine(pick(next, HOSTILE), next));
  }),
  (text, next) => {
    let out = text;
    for (let i = 0; i < 10; i++) {
      const at = below(next, out.length);
      out = out.slice(0, at) + String.fromCharCode(below(next, 0x10000)) + out.slice(at + 1);
    }
    return out;
  },
  // The bytes of it damaged, and read as UTF-8 again.
  (text, next) => {
    const bytes = Buffer.from(text);
    for (let i = 0; i < 10; i++) bytes[below(next, bytes.length)] = below(next, 256);
    return bytes.toString('utf8');
  },
  // Numbers out of all bounds.
  (text, next) =>
    text.replace(/\d+/g, (n) => (next() < 0.01 ? pick(next, ['-1', '1e999', '9'.repeat(40)]) : n)),
  // A very long line, and very deep nesting.
  onLines((lines, next) => {
    const filler = pick(next, ['x', ' ', '[', '{', '\\"', 'a: ', '- ', '[   1.000000] ', '😀']);
    const long = filler.repeat(Math.ceil((1000 + below(next, 200_000)) / filler.length));
    lines.splice(below(next, lines.length), 0, next() < 0.5 ? long : logLine(long, next));
  }),
  onLines((lines, next) => {
    const depth = below(next, 3000);
    const [open, close] = pick(next, [
      ['[', ']'],
      ['{"a": ', '}'],
    ] as const);
    const deep = open.repeat(depth) + '1' + close.repeat(depth);
    const dt = '2026-11-21T12:00:00.000000';
    lines.splice(below(next, lines.length), 0, `- {"dt": "${dt}", "lvl": "results", "msg": ${deep}}`);
  }),
  // All line ends of another kind.
  (text, next) => text.replaceAll('\n', pick(next, ['\r\n', '\r', '', ' \n', '\n\n'])),
  () => '',
];

function onLines(change: (lines: string[], next: Random) => void): (text: string, next: Random) => string {
  return (text, next) => {
    const lines = text.split('\n');
    change(lines, next);
    return lines.join('\n');
  };
}

/** A line of LAVA's log with this text in it, written as LAVA does. */
function logLine(text: string, next: Random): string {
  const level = pick(next, [
    'target',
    'target',
    'target',
    'debug',
    'error',
    'results',
    'feedback',
    'input',
    'odd<b>',
  ]);
  return `- {"dt": "2026-11-21T12:00:00.${String(below(next, 1e6)).padStart(6, '0')}", "lvl": "${level}", "msg": ${JSON.stringify(text)}}`;
}

/** A text with a few places of it damaged. */
export function damageText(text: string, next: Random): string {
  let out = text;
  for (let i = below(next, 4); i >= 0; i--) out = pick(next, TEXT_DAMAGE)(out, next).slice(0, MAX);
  return out;
}

/** What does not belong where a text, a number or an object was expected. */
function oddValue(next: Random): unknown {
  const depth = 1 + below(next, 200);
  return pick<() => unknown>(next, [
    () => null,
    () => true,
    () => -1,
    () => 1e308,
    () => 2 ** 53,
    () => 0.5,
    () => '',
    () => [],
    () => ({}),
    () => [[['a']]],
    () => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown,
    () => pick(next, HOSTILE),
    () => pick(next, HOSTILE).repeat(500),
  ])();
}

/** An object of JSON with some of its values taken out, replaced, renamed or doubled under another name. */
export function damageObject(
  object: Readonly<Record<string, unknown>>,
  next: Random,
): Record<string, unknown> {
  const out: Record<string, unknown> = { ...object };
  for (let i = below(next, 3); i >= 0; i--) {
    const keys = Object.keys(out);
    if (keys.length === 0) return out;
    const key = pick(next, keys);
    const kind = below(next, 5);
    if (kind === 0) delete out[key];
    else if (kind === 1) out[key] = oddValue(next);
    else if (kind === 2) out[pick(next, HOSTILE)] = out[key];
    else if (kind === 3) out[key] = out[pick(next, keys)];
    else {
      const value = out[key];
      if (typeof value === 'string') out[key] = damageText(value, next);
      else if (isObject(value)) out[key] = damageObject(value, next);
    }
  }
  return out;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
