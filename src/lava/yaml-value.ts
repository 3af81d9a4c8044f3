// The values of a YAML document that the library has parsed. Its own conversion takes exponential time for mappings
// whose keys are mappings, and expands aliases of aliases; this one takes linear time and bounded memory for any document.
import { isAlias, isMap, isNode, isScalar, isSeq, type Scalar } from 'yaml';
import { keyText } from './log-flow.ts';

/** Deeper nesting than this is cut off: LAVA's deepest records have about six levels. */
const MAX_DEPTH = 64;
/** So many values may stand for aliases in one document. */
const MAX_ALIASED = 100_000;

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
