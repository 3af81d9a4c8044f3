// Reads a YAML file that the admin wrote: parsed, checked against a zod schema, and every problem located.
import { readFile } from 'node:fs/promises';
import { isMap, isNode, isScalar, LineCounter, visit, type Alias, type Document } from 'yaml';
import type { z } from 'zod';
import { oneLine } from './answer-text.ts';
import type { ErrorCode } from './error-codes.ts';
import { ConfigError, errorText, type Problem } from './errors.ts';
import { createKept } from './kept.ts';
import { knownKeys } from './known-keys.ts';
import { didYouMean } from './nearest.ts';
import { ParseError, PARSE_LIMITS } from './parse/limits.ts';
import { readYaml } from './parse/yaml.ts';

/** A parsed file, and the place of any value in it. */
export interface Located<T> {
  file: string;
  value: T;
  /** The problem at the place of `path` (as zod gives it) in the file. */
  at: (path: readonly PropertyKey[], code: ErrorCode, message: string) => Problem;
}

/** Reads and checks `file`. Throws ConfigError with all problems, each at its line and column. */
export async function readYamlFile<S extends z.ZodType>(
  file: string,
  schema: S,
): Promise<Located<z.output<S>>> {
  return parseYaml(file, await textOf(file), schema);
}

/** As readYamlFile, for files that are read often: what was read of one is given again while the file stays as it is. */
export function yamlFiles<S extends z.ZodType>(schema: S): (file: string) => Promise<Located<z.output<S>>> {
  const kept = createKept<Located<z.output<S>>>(FILES_KEPT);
  return async (file) => {
    const text = await textOf(file);
    return kept.get(file, text, () => parseYaml(file, text, schema));
  };
}

const FILES_KEPT = 5000;

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError([{ code: 'unreadable', file, message: `cannot be read: ${errorText(error)}` }]);
  }
}

/** As readYamlFile, for text that is at hand; `file` is only its name in messages. */
export function parseYaml<S extends z.ZodType>(file: string, text: string, schema: S): Located<z.output<S>> {
  const { doc, spot, at } = documentOf(file, text);
  const odd = oddTexts(doc).map((offset): Problem => ({
    code: 'bad_text',
    file,
    ...spot(offset),
    message: HALF_CHARACTER,
  }));
  if (odd.length > 0) throw new ConfigError(odd);
  const parsed = schema.safeParse(
    valueOf(doc, (offset, code, message) => ({ code, file, ...spot(offset), message })) ?? {},
  );
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => explain(issue, { doc, at, schema }));
    throw new ConfigError(problems.toSorted(byPlace));
  }
  // Seldom asked for, and the document is many times as large as its text.
  return { file, value: parsed.data, at: (...which) => documentOf(file, text).at(...which) };
}

/** A text as YAML, and the places in it. */
interface Source extends Pick<Located<unknown>, 'at'> {
  doc: Document.Parsed;
  spot: (offset: number | undefined) => Pick<Problem, 'line' | 'column'>;
}

/** Throws ConfigError for what is no YAML. */
function documentOf(file: string, text: string): Source {
  const lines = new LineCounter();
  const { document: doc, faults } = readText(file, text, lines);
  const spot: Source['spot'] = (offset) => {
    if (offset === undefined) return {};
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (doc === undefined || faults.length > 0) {
    throw new ConfigError(
      faults.map(({ offset, message }) => ({ code: 'malformed', file, ...spot(offset), message })),
    );
  }
  const at: Source['at'] = (path, code, message) => ({
    code,
    file,
    ...spot(offsetOf(doc, path)),
    ...(path.length === 0 ? {} : { key: dotted(path) }),
    message,
  });
  return { doc, spot, at };
}

/** The document as values. Throws ConfigError for aliases of nothing, of themselves, or of too much. */
function valueOf(
  doc: Document.Parsed,
  problem: (offset: number | undefined, code: ErrorCode, message: string) => Problem,
): unknown {
  const alias = firstOddAlias(doc);
  if (alias !== undefined)
    throw new ConfigError([
      problem(
        alias.range?.[0],
        'unknown_reference',
        `no value before this one has the anchor &${oneLine(alias.source, 100)}`,
      ),
    ]);
  try {
    return doc.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new ConfigError([problem(undefined, 'too_complex', oneLine(error.message))]);
  }
}

/** The first alias of what is not there, or of what it is a part of. */
function firstOddAlias(doc: Document.Parsed): Alias | undefined {
  const anchors = new Set<string>();
  let found: Alias | undefined;
  visit(doc, {
    Value: (_key, { anchor }) => void (anchor !== undefined && anchors.add(anchor)),
    Alias: (_key, alias, path) => {
      const isPart = path.some((node) => isNode(node) && 'anchor' in node && node.anchor === alias.source);
      if (anchors.has(alias.source) && !isPart) return undefined;
      found = alias;
      return visit.BREAK;
    },
  });
  return found;
}

const HALF_CHARACTER = 'holds half of a character (\\ud800 to \\udfff), which cannot be sent anywhere';

/** Where texts begin that no document, report or file could hold. */
function oddTexts(doc: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(doc, {
    Scalar: (_key, { value, range }) => {
      if (typeof value === 'string' && !value.isWellFormed()) offsets.push(range?.[0] ?? 0);
    },
  });
  return offsets;
}

function readText(file: string, text: string, lineCounter: LineCounter): ReturnType<typeof readYaml> {
  try {
    return readYaml(text, PARSE_LIMITS.yamlFile, { lineCounter, uniqueKeys: true });
  } catch (error) {
    if (error instanceof ParseError)
      throw new ConfigError([{ code: error.code, file, message: error.message }]);
    throw error;
  }
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

interface Read {
  doc: Document.Parsed;
  at: Located<unknown>['at'];
  schema: z.ZodType;
}

function explain(issue: z.core.$ZodIssue, read: Read): Problem[] {
  const { doc, at, schema } = read;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) =>
      at(
        [...issue.path, key],
        'unknown_key',
        `${dotted([...issue.path, key])}: no such key${whatWouldBeRight(key, known)}`,
      ),
    );
  }
  // A union that says itself what would be right knows better than any of its branches.
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input') {
    const best = closestBranch(issue);
    if (best)
      return best.flatMap((inner) => explain({ ...inner, path: [...issue.path, ...inner.path] }, read));
  }
  const wanted = issue.message
    .replace(/^Invalid (input|option|string): /, '')
    .replace(/, received undefined$/, '');
  if (issue.path.length === 0) return [at(issue.path, 'bad_value', wanted)];
  const isThere = doc.hasIn(issue.path);
  const text = isThere ? wanted : missing(wanted);
  return [at(issue.path, isThere ? 'bad_value' : 'missing_key', `${dotted(issue.path)}: ${text}`)];
}

function whatWouldBeRight(key: string, known: readonly string[]): string {
  return known.length === 0 ? '' : `${didYouMean(key, known)} (there are ${known.join(', ')})`;
}

function missing(wanted: string): string {
  return wanted === 'Invalid input' ? 'is missing' : `is missing (${wanted})`;
}

/** Of a union's branches, the one whose complaints lie deepest: what the admin most likely meant. */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const depth = (branch: readonly z.core.$ZodIssue[]): number =>
    Math.max(0, ...branch.map((i) => i.path.length));
  const deepest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0];
  return deepest !== undefined && depth(deepest) > 0 ? [...deepest] : undefined;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

/** The offset of the key or value that `path` names, or of the nearest enclosing value that is there. */
function offsetOf(doc: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  for (let n = path.length; n > 0; n--) {
    const parent = n === 1 ? doc.contents : doc.getIn(path.slice(0, n - 1), true);
    const key = path[n - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((p) => isScalar(p.key) && p.key.value === key);
      if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = doc.getIn(path.slice(0, n), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return doc.contents?.range?.[0] ?? 0;
}
