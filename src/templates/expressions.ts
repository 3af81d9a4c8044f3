// The expressions of templates: variables, literals and helper calls, compiled to functions. A variable that is not
// there is an error, and only what an object itself has is seen: no prototype.
import type { Problem } from '../core/errors.ts';
import { HELPERS } from './helpers.ts';
import { located, type Run, type Spot } from './run.ts';

/** What names mean at one place of a template. */
export interface Scope {
  self: unknown;
  /** The scope around it, for `../`. */
  parent: Scope | undefined;
  /** Names given by `as |name|`. */
  names: ReadonlyMap<string, unknown> | undefined;
  /** `@index`, `@key`, `@first`, `@last`. */
  data: Readonly<Record<string, unknown>> | undefined;
}

export type Evaluate = (scope: Scope, run: Run) => unknown;

type Expression =
  | hbs.AST.PathExpression
  | hbs.AST.SubExpression
  | hbs.AST.StringLiteral
  | hbs.AST.NumberLiteral
  | hbs.AST.BooleanLiteral
  | hbs.AST.UndefinedLiteral
  | hbs.AST.NullLiteral;

/** What compiling one file needs and finds. */
export interface Compiler {
  file: string;
  problems: Problem[];
  /** Names that are read from the outermost scope, with the first place of each. */
  outer: Map<string, Spot>;
  /** Names that templates are given by those that include them. */
  given: Set<string>;
  /** Every variable that is read, with what is read of it: `params.prompts`. */
  reads: Set<string>;
  /** How many scopes (`#each`, `#with`) are open, and the block parameters known in them. */
  depth: number;
  blockParams: string[];
}

export function spotOf(file: string, node: hbs.AST.Node): Spot {
  return { file, line: node.loc.start.line, column: node.loc.start.column + 1 };
}

export function complain(c: Compiler, node: hbs.AST.Node, message: string): void {
  c.problems.push({ code: 'template', ...spotOf(c.file, node), message });
}

const NOTHING: Evaluate = () => undefined;

export function compileExpression(c: Compiler, node: hbs.AST.Expression, lenient = false): Evaluate {
  const expression = node as Expression;
  switch (expression.type) {
    case 'StringLiteral':
    case 'NumberLiteral':
    case 'BooleanLiteral': {
      const { value } = expression;
      return () => value;
    }
    case 'SubExpression':
      return compileCall(c, expression, expression.path.original, expression.params, expression.hash);
    case 'PathExpression':
      return compilePath(c, expression, lenient);
    case 'UndefinedLiteral':
    case 'NullLiteral':
    default:
      complain(c, node, 'null and undefined are no values');
      return NOTHING;
  }
}

/** A helper call, in a mustache or in parentheses. */
export function compileCall(
  c: Compiler,
  node: hbs.AST.Node,
  name: string,
  params: readonly hbs.AST.Expression[],
  hash: hbs.AST.Hash | undefined,
): Evaluate {
  const helper = HELPERS.get(name);
  if (helper === undefined) {
    complain(c, node, `there is no helper ${name}; there are ${[...HELPERS.keys()].join(', ')}`);
    return NOTHING;
  }
  if (hash !== undefined && hash.pairs.length > 0) complain(c, hash, `${name} takes no key=value`);
  if (params.length < helper.min || params.length > helper.max) {
    complain(
      c,
      node,
      `${name} takes ${helper.min === helper.max ? helper.min : `at least ${helper.min}`} values`,
    );
  }
  const spot = spotOf(c.file, node);
  const args = params.map((param) => compileExpression(c, param, helper.lenient));
  const literal = params.map((param) => param.type === 'StringLiteral' || param.type === 'NumberLiteral');
  return (scope, run) => {
    const values = args.map((arg) => arg(scope, run));
    return located(spot, name, () => {
      const value = helper.call(values, literal);
      run.spend(value);
      return value;
    });
  };
}

function compilePath(c: Compiler, node: hbs.AST.PathExpression, lenient: boolean): Evaluate {
  const { parts, depth, original } = node;
  const spot = spotOf(c.file, node);
  const first = parts[0];
  c.reads.add((node.data && first === 'root' ? parts.slice(1) : parts).join('.'));
  const get = (from: unknown, keys: readonly string[]): unknown => {
    let value = from;
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) {
        if (lenient) return undefined;
        located(spot, original, () => {
          throw new Error(`${key} is not defined`);
        });
      }
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  };
  if (node.data) {
    const rest = parts.slice(1);
    if (first === 'root') {
      if (rest[0] !== undefined) noteOuter(c, rest[0], spot);
      return (_, run) => get(run.root, rest);
    }
    if (first === undefined || !['index', 'key', 'first', 'last'].includes(first)) {
      complain(c, node, `there is no ${original}; there are @root, @index, @key, @first and @last`);
    }
    return (scope) => get(scope.data, parts);
  }
  const scoped = /^(this|\.)/.test(original);
  if (!scoped && depth === 0 && first !== undefined && c.blockParams.includes(first)) {
    const rest = parts.slice(1);
    return (scope) => get(scope.names?.get(first), rest);
  }
  if (depth >= c.depth && !scoped && first !== undefined) noteOuter(c, first, spot);
  if (depth > c.depth) complain(c, node, `${original} leads out of the template`);
  return (scope) => {
    let at = scope;
    for (let i = 0; i < depth && at.parent !== undefined; i++) at = at.parent;
    return get(at.self, parts);
  };
}

function noteOuter(c: Compiler, name: string, spot: Spot): void {
  if (!c.outer.has(name)) c.outer.set(name, spot);
}
