// The searches of the simulated Maestro: query parameters as MongoDB would match them, with the API's conversions and
// its sharp edges (kernelci-api api/db.py, July 2026).
import { parseTime } from '../../core/time.ts';
import { ApiError } from './model.ts';

export type Query = Record<string, string | string[] | undefined>;
export type Match = (document: object) => boolean;

const TIMES = new Set(['created', 'updated', 'timeout', 'holdoff']);

/** A test for all parameters of a node search except `limit` and `offset`. Answers 400 or 500 where the API does. */
export function nodeMatch(query: Query): Match {
  const tests = Object.entries(query)
    .filter(([key]) => key !== 'limit' && key !== 'offset')
    .map(([key, value]) => nodeTest(key, String(value)));
  return (document) => tests.every((test) => test(document));
}

function nodeTest(key: string, text: string): Match {
  const [path = '', operator] = key.split('__');
  // The id is stored under another name and type, so a search for it finds nothing.
  if (path === 'id' || path === '_id') return () => false;
  // An id made of `null` is a new random one.
  if (path === 'parent' && text === 'null') return () => false;
  if (path === 'parent' && !/^[0-9a-f]{24}$/.test(text))
    throw new ApiError(400, `'${text}' is not a valid ObjectId`);
  const wanted = operator === 'in' || operator === 'nin' ? text.split(',') : convert(path, text, operator);
  return (document) => compare(valueAt(document, path), wanted, operator);
}

function convert(path: string, text: string, operator: string | undefined): unknown {
  if (TIMES.has(path)) {
    if (text === 'null') throw new ApiError(500, 'Internal server error, check container logs');
    const ms = parseTime(text);
    if (ms === undefined) throw new ApiError(400, `Invalid isoformat string: '${text}'`);
    return ms;
  }
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if (text === 'null') return null;
  if (path === 'retry_counter' || operator === 'int') return Number.parseInt(text, 10);
  return operator !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}

function compare(actual: unknown, wanted: unknown, operator: string | undefined): boolean {
  switch (operator) {
    case undefined:
    case 'int':
      return equal(actual, wanted);
    case 'ne':
      return !equal(actual, wanted);
    case 'in':
      return Array.isArray(wanted) && wanted.some((one) => equal(actual, one));
    case 'nin':
      return Array.isArray(wanted) && !wanted.some((one) => equal(actual, one));
    case 're':
      return typeof actual === 'string' && new RegExp(String(wanted)).test(actual);
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return ordered(actual, wanted, operator);
    default:
      throw new ApiError(400, `unknown operator: ${operator}`);
  }
}

/** MongoDB's equality: null is also what is missing, and an array has the value if one of its elements is it. */
export function equal(actual: unknown, wanted: unknown): boolean {
  if (wanted === null) return actual === null || actual === undefined;
  return Array.isArray(actual) ? actual.includes(wanted) : actual === wanted;
}

function ordered(actual: unknown, wanted: unknown, operator: 'lt' | 'lte' | 'gt' | 'gte'): boolean {
  const numbers = typeof actual === 'number' && typeof wanted === 'number';
  const texts = typeof actual === 'string' && typeof wanted === 'string';
  if (!numbers && !texts) return false;
  if (operator === 'lt') return actual < wanted;
  if (operator === 'lte') return actual <= wanted;
  return operator === 'gt' ? actual > wanted : actual >= wanted;
}

/** The value at a dotted path. */
export function valueAt(document: object, path: string): unknown {
  let value: unknown = document;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return value;
}

/** A parameter that is to be a whole number. Answers 422 if it is not. */
export function whole(query: Query, key: string, fallback: number): number {
  const text = query[key];
  if (text === undefined) return fallback;
  if (typeof text === 'string' && /^\d+$/.test(text)) return Number(text);
  throw new ApiError(422, [
    { type: 'int_parsing', loc: ['query', key], msg: 'Input should be a valid integer' },
  ]);
}
