// What a text from outside may cost to read. The doors for JSON, YAML and XML (in this folder) hold to these
// limits before, or while, a library works: it never gets more than what is allowed here.
import { PermanentError } from '../errors.ts';

/** Limits for one text. A token is a bracket, a separator or a tag; its cost in memory and time is bounded. */
export interface ParseLimits {
  /** Characters (bytes for XML). */
  length: number;
  /** Lists and mappings (or elements) within each other. */
  depth: number;
  tokens: number;
}

export type ParseErrorCode = 'malformed' | 'too_long' | 'too_deep' | 'too_complex';

/** A text that cannot be read, or may not be because of its cost. Trying again gives the same. */
export class ParseError extends PermanentError {
  declare readonly code: ParseErrorCode;
  /** Counts from 1; undefined if the fault has no place. */
  readonly line: number | undefined;

  constructor(code: ParseErrorCode, message: string, options: { line?: number; cause?: unknown } = {}) {
    super(code, options.line === undefined ? message : `line ${options.line}: ${message}`, options);
    this.line = options.line;
  }
}

/**
 * One row for each kind of text. The costs were measured: a token of JSON takes some 50 bytes and 0.1 µs, one of YAML
 * up to 2 KB and 5 µs (and each character in double quotes 32 bytes), a tag of XML 100 bytes and 1 µs.
 */
export const PARSE_LIMITS = {
  /** A callback's body: the log is one long string in it. How many bytes may come is the lab's `limits.max_callback`. */
  callback: { length: 512 * 1024 * 1024, depth: 32, tokens: 100_000 },
  /** An answer of KCIDB, a storage or the bridge's own API, and a file that a request names. */
  answer: { length: 64 * 1024 * 1024, depth: 64, tokens: 1_000_000 },
  /** A page of 500 nodes has some 300,000 tokens. A node that is too deep is left out by itself; the others are read. */
  maestroPage: { length: 64 * 1024 * 1024, depth: 100_000, tokens: 2_000_000 },
  /** One message of LAVA's event stream has some 50 tokens. */
  event: { length: 1024 * 1024, depth: 16, tokens: 10_000 },
  /** A file that a person names on the command line. */
  file: { length: 512 * 1024 * 1024, depth: 64, tokens: 1_000_000 },
  /** LAVA's answer to an XML-RPC call, bytes: a lab of 5,000 devices has 200,000 elements. */
  xmlRpc: { length: 64 * 1024 * 1024, depth: 256, tokens: 1_000_000 },
  /** A record of a log in JSON. */
  logRecord: { length: 4 * 1024 * 1024, depth: 64, tokens: 100_000 },
  /** A record of a log, or an item of results, that is not written in the usual way. */
  yamlRecord: { length: 256 * 1024, depth: 64, tokens: 20_000 },
  /** A job definition that came to us. Maestro's own have 10 KB, 5,000 tokens and a depth of 10. */
  suppliedDefinition: { length: 256 * 1024, depth: 32, tokens: 60_000 },
  /** LAVA's echo of a job definition, device settings or a list of results in YAML. */
  yamlDocument: { length: 1024 * 1024, depth: 64, tokens: 60_000 },
  /** A file of the administrator, or of KernelCI's configuration, whose largest has 30,000 tokens. */
  yamlFile: { length: 4 * 1024 * 1024, depth: 64, tokens: 500_000 },
} as const satisfies Record<string, ParseLimits>;

/** Throws ParseError `too_long`. */
export function checkLength(length: number, limits: ParseLimits): void {
  if (length > limits.length)
    throw new ParseError('too_long', `it is longer than ${limits.length} characters (${length})`);
}

/** The error `too_deep` for a text of this kind. */
export function tooDeep(limits: ParseLimits, line?: number): ParseError {
  const message = `it is nested more than ${limits.depth} levels deep`;
  return new ParseError('too_deep', message, line === undefined ? {} : { line });
}

export function tooComplex(limits: ParseLimits, line?: number): ParseError {
  const message = `it has more than ${limits.tokens} parts`;
  return new ParseError('too_complex', message, line === undefined ? {} : { line });
}
