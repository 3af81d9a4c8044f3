// Reads a LAVA job definition that came as YAML, as LAVA reads it (PyYAML's safe loader, YAML 1.1), within limits. What
// readers take for different values is refused, so that what was checked here is what runs there.
import { isAlias, isMap, isScalar, isSeq, Scalar } from 'yaml';
import { RequestError } from '../core/errors.ts';
import { ParseError, PARSE_LIMITS, tooDeep } from '../core/parse/limits.ts';
import { parseYaml } from '../core/parse/yaml.ts';

/** What a definition is made of. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

// Maestro's own definitions have some 10 KB, 300 values and a depth of 10.
const MAX_VALUES = 20_000;
const MAX_DEPTH = PARSE_LIMITS.suppliedDefinition.depth;

/** Throws RequestError `bad_definition`: no YAML, too large, or written so that readers differ. */
export function readLavaYaml(text: string): Plain {
  // Line breaks to YAML 1.1, and none to later versions.
  if (/[\u0085\u2028\u2029\ufeff]/.test(text))
    throw bad([], 'it holds U+0085, U+2028, U+2029 or U+FEFF; write them as escapes');
  return valueOf(compose(text), { anchors: new Map(), left: MAX_VALUES }, []);
}

interface Reading {
  /** The values that aliases may name, as far as the text was read. */
  anchors: Map<string, unknown>;
  /** How many more values may come: aliases make much of a short text. */
  left: number;
}

type Path = readonly (string | number)[];

function bad(path: Path, why: string, cause?: ParseError): RequestError {
  const field = ['definition_yaml', ...path].join('.');
  return new RequestError('bad_definition', `${field}: ${why}`, { field, cause });
}

/** It costs more than a definition may. */
function costly(path: Path, cause: ParseError): RequestError {
  return bad(path, cause.message, cause);
}

/** Every plain scalar stays the text that it is. Doubled keys are found below: the library compares all with all. */
const OPTIONS = { version: '1.1', schema: 'failsafe' } as const;

function compose(text: string): unknown {
  try {
    return parseYaml(text, PARSE_LIMITS.suppliedDefinition, OPTIONS);
  } catch (error) {
    if (error instanceof ParseError) throw bad([], `it cannot be read as YAML: ${error.message}`, error);
    throw error;
  }
}

function valueOf(node: unknown, reading: Reading, path: Path): Plain {
  reading.left -= 1;
  if (reading.left < 0)
    throw costly([], new ParseError('too_complex', `it holds more than ${MAX_VALUES} values`));
  if (path.length > MAX_DEPTH) throw costly(path.slice(0, 5), tooDeep(PARSE_LIMITS.suppliedDefinition));
  if (isAlias(node)) {
    if (!reading.anchors.has(node.source)) throw bad(path, `there is no anchor ${node.source}`);
    return valueOf(reading.anchors.get(node.source), reading, path);
  }
  if (!isScalar(node) && !isSeq(node) && !isMap(node)) return null;
  if (node.tag !== undefined) throw bad(path, 'it has a tag; a definition needs none');
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, node);
  if (isScalar(node)) return scalarOf(node, path);
  if (isSeq(node)) return node.items.map((item, i) => valueOf(item, reading, [...path, i]));
  const entries = node.items.map(({ key, value }): [string, Plain] => {
    const name = keyOf(key, path);
    return [name, valueOf(value, reading, [...path, name])];
  });
  const names = new Set<string>();
  for (const [name] of entries) {
    if (names.has(name)) throw bad([...path, name], 'it is there twice');
    names.add(name);
  }
  return Object.fromEntries(entries);
}

function keyOf(key: unknown, path: Path): string {
  if (!isScalar(key)) throw bad(path, 'a key is no text');
  if (key.type === Scalar.PLAIN && key.value === '<<')
    throw bad(path, 'merge keys (<<) are not taken; write out what is meant');
  const name = scalarOf(key, path);
  if (typeof name !== 'string')
    throw bad(path, `the key ${String(key.value)} is no text to LAVA; put it in quotes`);
  if (name === '__proto__') throw bad(path, 'no key may be called __proto__');
  return name;
}

function scalarOf(node: Scalar, path: Path): Plain {
  const text = typeof node.value === 'string' ? node.value : '';
  return node.type === Scalar.PLAIN || node.type === undefined ? plainScalar(text, path) : text;
}

// What PyYAML makes of text without quotes (resolver.py). YAML 1.1 has more words; these are all that PyYAML knows.
const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const INTEGER = /^[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)$/;
const FLOAT = /^(?:[-+]?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?$/;
/** Numbers with _, to the base 2, 8 or 60, infinity, times, `=`, `<<` and `?…`: without quotes these are always a mistake. */
const ODD =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+][0-9]+)?|[-+]?\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?|=|<<|\?.*)$/s;

function plainScalar(text: string, path: Path): Plain {
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  if (INTEGER.test(text) || FLOAT.test(text)) {
    const value = numberOf(text);
    if (INTEGER.test(text) ? Number.isSafeInteger(value) : isFraction(value)) return value;
  }
  if (ODD.test(text)) throw bad(path, `${text} is not the same to every reader; put it in quotes`);
  return text;
}

/** `1.0` is no 1 to those who print it. */
function isFraction(value: number): boolean {
  return Number.isFinite(value) && !Number.isInteger(value);
}

function numberOf(text: string): number {
  const value = Number(text.replace(/^[-+]/, ''));
  return text.startsWith('-') && value !== 0 ? -value : value;
}
