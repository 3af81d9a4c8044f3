// JSON from outside. What it costs to read (memory, and the recursion of whoever walks through it) is known before the
// parser sees it: it is counted in one pass over the text.

export interface JsonLimits {
  /** Objects and arrays inside each other. */
  maxDepth: number;
  /** Values in all, at most; each takes up to a hundred bytes of memory. */
  maxValues: number;
}

/** More than anything that is read here has: a page of 500 nodes of Maestro has some 150,000 values. */
const LIMITS: JsonLimits = { maxDepth: 64, maxValues: 1_000_000 };

export type JsonRead = { value: unknown } | { fault: string };

/** Reads a text, or says why it cannot be: `not JSON`, `nested deeper than 64`, `more than 1000000 values`. */
export function readJson(text: string, limits: Partial<JsonLimits> = {}): JsonRead {
  const fault = overLimits(text, { ...LIMITS, ...limits });
  if (fault !== undefined) return { fault };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // The parser's own words quote the text.
    return { fault: 'not JSON' };
  }
}

/** The value of a text, or undefined if it cannot be read; for what is left out then. */
export function parseJson(text: string): unknown {
  const read = readJson(text);
  return 'value' in read ? read.value : undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
// `[`, `{`, `]` and `}` are the only characters from here on that count.
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function overLimits(text: string, { maxDepth, maxValues }: JsonLimits): string | undefined {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case COMMA:
        values++;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++;
        values++;
        if (depth > maxDepth) return `nested deeper than ${maxDepth}`;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
    }
    if (values > maxValues) return `more than ${maxValues} values`;
  }
  return undefined;
}

/** Where the string that begins at `start` has its last quote; the text's end if it has none. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return i;
}

/** Whether a parsed value has at most `maxDepth` objects and lists inside each other. Takes no stack, however deep it is. */
export function isWithinDepth(value: unknown, maxDepth: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    level = level.filter(isContainer);
    if (depth >= maxDepth) return level.length === 0;
    level = level.flatMap((container) => Object.values(container as object));
  }
  return true;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
