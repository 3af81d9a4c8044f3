// The door for YAML. The library is given a text word by word, and stopped when there are too many of them or when they
// are nested too deep: it takes a kilobyte and some microseconds for each, and fails on what is nested thousands of levels
// deep. What it makes errors of is bounded too.
import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type Document,
  type DocumentOptions,
  type LineCounter,
  type ParseOptions,
  type Scalar,
  type SchemaOptions,
  type Tags,
} from 'yaml';
import { checkLength, ParseError, tooComplex, tooDeep, type ParseLimits } from './limits.ts';

/** The library's options. `uniqueKeys` compares each key with all others: it is off unless it is set. */
export interface YamlOptions {
  version?: '1.1' | '1.2';
  schema?: 'core' | 'failsafe';
  customTags?: (tags: Tags) => Tags;
  strict?: boolean;
  uniqueKeys?: boolean;
  lineCounter?: LineCounter;
  /** So many faults are looked for; what comes after is not read. */
  maxFaults?: number;
}

interface YamlFault {
  /** The library's word: `DUPLICATE_KEY`, … */
  code: string;
  message: string;
  /** Characters from the begin of the text. */
  offset: number;
}

export interface ReadYaml {
  /** undefined if the reading ended at `maxFaults`. */
  document: Document.Parsed | undefined;
  faults: YamlFault[];
}

/** Reads a text of one document. Throws ParseError for what is beyond the limits; faults in the text are returned. */
export function readYaml(text: string, limits: ParseLimits, options: YamlOptions = {}): ReadYaml {
  const { maxFaults = 20, ...rest } = options;
  const faults: YamlFault[] = [];
  const note = (fault: YamlFault): void => {
    // The library catches what is thrown within a node, and reports it as a fault of the node around it.
    if (faults.length < maxFaults) faults.push(fault);
    if (faults.length >= maxFaults) throw new TooManyFaults();
  };
  const composer = composerFor({ uniqueKeys: false, ...rest, prettyErrors: false, logLevel: 'silent' }, note);
  try {
    let first: Document.Parsed | undefined;
    for (const document of documents(composer, text, limits, { note, lines: options.lineCounter })) {
      if (first !== undefined) {
        note({ code: 'MULTIPLE_DOCS', message: 'a second document begins', offset: document.range[0] });
        break;
      }
      first = document;
      for (const { code, message, pos } of document.errors) note({ code, message, offset: pos[0] });
    }
    return { document: first, faults };
  } catch (error) {
    if (!(error instanceof TooManyFaults)) throw error;
    return { document: undefined, faults };
  }
}

/**
 * The root node of a text of one document; null if it is empty. Throws ParseError: `malformed` at the first fault,
 * naming its line, or for what is beyond the limits.
 */
export function parseYaml(text: string, limits: ParseLimits, options: YamlOptions = {}): unknown {
  const { document, faults } = readYaml(text, limits, { ...options, maxFaults: 1 });
  const [fault] = faults;
  if (fault !== undefined)
    throw new ParseError('malformed', fault.message, { line: lineAt(text, fault.offset) });
  return document?.contents ?? null;
}

/** The words and marks that YAML's lexer finds in a text, one at a time, as many as the limits allow. */
export function* lexYaml(text: string, limits: ParseLimits): Generator<string> {
  checkLength(text.length, limits);
  let count = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count++;
    if (count > limits.tokens) throw tooComplex(limits, lineAt(text, offset));
    yield lexeme;
    if (!CONTROL.test(lexeme)) offset += lexeme.length;
  }
}

/** What the lexer puts in: the begin of a document, the end of a flow that was left open, a scalar that follows. */
const CONTROL = /^[\x02\x18\x1f]$/;

/** How many values may stand for aliases in one document. */
const MAX_ALIASED = 10_000;

interface Anchored {
  value: unknown;
  /** How many values it is made of. */
  size: number;
}

/**
 * The value of a node; `scalar` says what a scalar is worth, an empty node is null, and so is an alias of what is not
 * there. A key that is a mapping or a list is `?`. Throws ParseError `too_complex` if aliases stand for too much.
 */
export function yamlValue(root: unknown, scalar: (node: Scalar) => unknown): unknown {
  const anchors = new Map<string, Anchored>();
  let made = 0;
  let aliased = 0;

  function value(node: unknown): unknown {
    made++;
    if (isAlias(node)) return expand(node.source);
    const before = made;
    const result = content(node);
    if (isNode(node) && 'anchor' in node && node.anchor !== undefined) {
      anchors.set(node.anchor, { value: result, size: made - before + 1 });
    }
    return result;
  }

  function expand(name: string): unknown {
    const { value: known = null, size = 1 } = anchors.get(name) ?? {};
    made += size;
    aliased += size;
    if (aliased > MAX_ALIASED) throw new ParseError('too_complex', 'its aliases stand for too much');
    return known;
  }

  function content(node: unknown): unknown {
    if (isSeq(node)) return node.items.map(value);
    if (isMap(node)) {
      return Object.fromEntries(node.items.map((pair) => [keyText(value(pair.key)), value(pair.value)]));
    }
    return isScalar(node) ? scalar(node) : null;
  }

  return value(root);
}

/** A key that is a mapping or a list has no text: written as JSON, in one another, it doubles at each step. */
function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  return typeof key === 'object' && key !== null ? '?' : String(key);
}

class TooManyFaults extends Error {}

interface Watch {
  note: (fault: YamlFault) => void;
  lines: LineCounter | undefined;
}

function composerFor(options: ParseOptions & DocumentOptions & SchemaOptions, note: Watch['note']): Composer {
  const composer = new Composer(options);
  // The composer keeps all errors of a document; here each is noted as it comes.
  Object.assign(composer, {
    onError: (place: unknown, code: string, message: string, warning?: boolean) => {
      if (warning !== true) note({ code, message, offset: offsetOf(place) });
    },
  });
  return composer;
}

function* documents(
  composer: Composer,
  text: string,
  limits: ParseLimits,
  { note, lines }: Watch,
): Generator<Document.Parsed> {
  lines?.addNewLine(0);
  const parser = new Parser(lines?.addNewLine);
  for (const lexeme of lexYaml(text, limits)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error')
        note({ code: 'UNEXPECTED_TOKEN', message: token.message, offset: token.offset });
      else yield* composer.next(token);
    }
    if (parser.stack.length > limits.depth + 2) throw tooDeep(limits, lineAt(text, parser.offset));
  }
  for (const token of parser.end()) yield* composer.next(token);
  yield* composer.end(true, text.length);
}

/** `place`: an offset, a list that begins with one, or a token that has one. */
function offsetOf(place: unknown): number {
  let offset: unknown = Array.isArray(place) ? place[0] : place;
  if (typeof place === 'object' && place !== null && 'offset' in place) offset = place.offset;
  return typeof offset === 'number' ? offset : 0;
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
