// A rendered template is YAML text with a hole where each value goes: the values never pass through YAML. The text is
// parsed once for all renderings that take the same branches, then the holes are filled with the values as they are.
// So a value is one node of the document, whatever it holds.
import { PermanentError } from '../core/errors.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { readYaml } from '../core/parse/yaml.ts';

/** Stands around a hole's number in the text; templates must not contain it. */
export const MARK = '\uE000';

/** The hole for value `index`, as YAML text: a quoted scalar of its own. */
export function hole(index: number): string {
  return `"${MARK}${index}${MARK}"`;
}

const WHOLE = new RegExp(`^${MARK}(\\d+)${MARK}$`);

/** The number of the hole that `text` (parsed, without its quotes) is; undefined if it is none. */
function holeIndex(text: string): number | undefined {
  const m = text.startsWith(MARK) ? WHOLE.exec(text) : null;
  return m?.[1] === undefined ? undefined : Number(m[1]);
}

type Shape =
  | { kind: 'plain'; value: unknown }
  | { kind: 'hole'; index: number }
  | { kind: 'list'; items: Shape[] }
  | { kind: 'map'; entries: [key: string | Shape, value: Shape][] };

export type Fill = (values: readonly unknown[]) => unknown;

/**
 * Parses a skeleton; the result fills in values. Throws PermanentError when the text is no YAML, when a hole is only a part of
 * a scalar, or when a mapping has a key twice; the message names the line of the text.
 */
export function parseSkeleton(text: string): Fill {
  const { document, faults } = readYaml(text, PARSE_LIMITS.yamlFile, { uniqueKeys: true, maxFaults: 1 });
  const [fault] = faults;
  if (fault !== undefined || document === undefined) {
    const before = text.slice(0, fault?.offset);
    const line = before.split('\n').length;
    const shown = (text.split('\n')[line - 1] ?? '')
      .replaceAll(new RegExp(`${MARK}\\d+${MARK}`, 'g'), '{{…}}')
      .trim();
    throw new PermanentError(
      'malformed',
      `it makes no YAML: ${fault?.message ?? ''} (line ${line} of the result: ${shown.slice(0, 120)})`,
    );
  }
  const shape = shapeOf(document.toJS({ maxAliasCount: 100 }) as unknown);
  return (values) => fill(shape, values);
}

function shapeOf(value: unknown): Shape {
  if (typeof value === 'string') return textShape(value);
  if (Array.isArray(value)) return { kind: 'list', items: value.map(shapeOf) };
  if (value === null || typeof value !== 'object') return { kind: 'plain', value };
  const entries = Object.entries(value).map(([key, v]): [string | Shape, Shape] => {
    const shape = textShape(key);
    return [shape.kind === 'plain' ? key : shape, shapeOf(v)];
  });
  return { kind: 'map', entries };
}

function textShape(text: string): Shape {
  const index = holeIndex(text);
  if (index !== undefined) return { kind: 'hole', index };
  if (text.includes(MARK)) throw new PermanentError('malformed', PART_OF_SCALAR);
  return { kind: 'plain', value: text };
}

export const PART_OF_SCALAR =
  'a value stands inside a longer text; write the whole text as one value, {{concat "…" x "…"}} or {{sh "…" x}}';

function fill(shape: Shape, values: readonly unknown[]): unknown {
  if (shape.kind === 'plain') return shape.value;
  if (shape.kind === 'hole') return values[shape.index];
  if (shape.kind === 'list') return shape.items.map((item) => fill(item, values));
  const map: Record<string, unknown> = {};
  for (const [key, value] of shape.entries) {
    const name = typeof key === 'string' ? key : fill(key, values);
    if (typeof name !== 'string')
      throw new PermanentError('bad_value', 'the key of a mapping must be a text');
    if (name === '__proto__') throw new PermanentError('bad_value', 'no key may be called __proto__');
    if (Object.hasOwn(map, name)) {
      throw new PermanentError('duplicate', `the key ${JSON.stringify(name)} is there twice`);
    }
    map[name] = fill(value, values);
  }
  return map;
}
