// YAML documents of any kind, read in linear time and bounded memory. The library alone makes an error of each odd
// character, which takes minutes for some megabytes of them; its conversion to values takes exponential time for mappings
// whose keys are mappings, and expands aliases of aliases.
import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Parser,
  type Document,
  type DocumentOptions,
  type ParseOptions,
  type Scalar,
  type SchemaOptions,
} from 'yaml';
import { keyText } from './log-flow.ts';

/** Deeper nesting than this is cut off: LAVA's deepest records have about six levels. */
const MAX_DEPTH = 64;
/** So many values may stand for aliases in one document. */
const MAX_ALIASED = 100_000;

/** The content of a text's first document. Throws Error at its first fault, naming the line. */
export function parseYaml(text: string, options: ParseOptions & DocumentOptions & SchemaOptions): unknown {
  let first: Error | undefined;
  const fail = (place: unknown, message: string): never => {
    throw (first ??= new Error(`line ${lineOf(text, place)}: ${message}`));
  };
  const composer = new Composer({ ...options, logLevel: 'silent' });
  Object.assign(composer, {
    onError: (place: unknown, _code: string, message: string, warning?: boolean) => {
      if (warning !== true) fail(place, message);
    },
  });
  for (const doc of documents(composer, text, fail)) {
    const fault = doc.errors[0];
    return fault === undefined ? doc.contents : fail(fault.pos, fault.message);
  }
  return null;
}

function* documents(
  composer: Composer,
  text: string,
  fail: (place: unknown, message: string) => never,
): Generator<Document.Parsed> {
  for (const token of new Parser().parse(text)) {
    if (token.type === 'error') fail(token, token.message);
    yield* composer.next(token);
  }
  yield* composer.end(true, text.length);
}

/** `place`: an offset, a list that begins with one, or a token that has one. */
function lineOf(text: string, place: unknown): number {
  let offset: unknown = Array.isArray(place) ? place[0] : place;
  if (typeof place === 'object' && place !== null && 'offset' in place) offset = place.offset;
  return typeof offset === 'number' ? text.slice(0, offset).split('\n').length : 1;
}

interface Anchored {
  value: unknown;
  /** How many values it is made of. */
  size: number;
}

/**
 * The value of a node; what is cut off or empty is null. `scalar` says what a scalar is worth. Throws RangeError if
 * aliases expand to too much.
 */
export function valueOf(node: unknown, scalar: (node: Scalar) => unknown): unknown {
  const anchors = new Map<string, Anchored>();
  let made = 0;
  let aliased = 0;

  function value(node: unknown, depth: number): unknown {
    made++;
    if (depth > MAX_DEPTH) return null;
    if (isAlias(node)) return expand(node.source);
    const before = made;
    const result = content(node, depth);
    if (isNode(node) && 'anchor' in node && node.anchor !== undefined) {
      anchors.set(node.anchor, { value: result, size: made - before + 1 });
    }
    return result;
  }

  function expand(name: string): unknown {
    const { value: known = null, size = 1 } = anchors.get(name) ?? {};
    made += size;
    aliased += size;
    if (aliased > MAX_ALIASED) throw new RangeError('aliases that stand for too much');
    return known;
  }

  function content(node: unknown, depth: number): unknown {
    if (isSeq(node)) return node.items.map((item) => value(item, depth + 1));
    if (isMap(node)) {
      return Object.fromEntries(
        node.items.map((pair) => [keyText(value(pair.key, depth + 1)), value(pair.value, depth + 1)]),
      );
    }
    return isScalar(node) ? scalar(node) : null;
  }

  return value(node, 0);
}
