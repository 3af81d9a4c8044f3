// The templates' language: Handlebars' grammar, compiled to functions with our own, stricter meaning. `{{x}}` puts out
// one value, never text; what is unknown is an error; a file outside the loaded templates, raw output, own blocks and
// decorators do not exist.
import { parse } from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import { errorText, type Problem } from '../core/errors.ts';
import {
  complain,
  compileCall,
  compileExpression,
  spotOf,
  type Compiler,
  type Evaluate,
  type Scope,
} from './expressions.ts';
import { isTruthy } from './helpers.ts';
import { positionProblems } from './positions.ts';
import { located, type Run, type Spot } from './run.ts';
import { MARK } from './skeleton.ts';

type Statement =
  | hbs.AST.MustacheStatement
  | hbs.AST.BlockStatement
  | hbs.AST.PartialStatement
  | hbs.AST.ContentStatement
  | hbs.AST.CommentStatement
  | (hbs.AST.Statement & { type: 'PartialBlockStatement' | 'Decorator' | 'DecoratorBlock' });

type Write = (scope: Scope, run: Run) => void;

/** Finds a template by its name (`boot/qemu`). */
export type FindTemplate = (name: string) => Template | undefined;

export interface Template {
  /** Its path below the templates' folder without the extension: `boot/qemu`. */
  name: string;
  file: string;
  /** Puts the template's text and values out. Throws RequestError `template`, located, or what it refuses with. */
  write: (self: unknown, run: Run) => void;
  /** Variables that it reads from the outermost scope. */
  outer: ReadonlyMap<string, Spot>;
  /** Names that it gives to the templates it includes. */
  given: ReadonlySet<string>;
  /** The templates that it includes by a fixed name. */
  includes: ReadonlyMap<string, Spot>;
  /** Every variable that it reads, with what it reads of it: `params.prompts`. */
  reads: ReadonlySet<string>;
}

/** Compiles one template's text; `find` is asked when it includes another. All faults are in `problems`. */
export function compileTemplate(
  name: string,
  file: string,
  text: string,
  find: FindTemplate,
): { template: Template | undefined; problems: Problem[] } {
  if (text.includes(MARK))
    return {
      template: undefined,
      problems: [{ code: 'template', file, message: 'it contains the character U+E000' }],
    };
  let program: hbs.AST.Program;
  try {
    program = parse(text, { srcName: file });
  } catch (error) {
    return { template: undefined, problems: [parseProblem(file, error)] };
  }
  const c: C = {
    file,
    problems: [],
    outer: new Map(),
    given: new Set(),
    reads: new Set(),
    depth: 0,
    blockParams: [],
    find,
    includes: new Map(),
  };
  const body = compileProgram(c, program);
  const problems = c.problems.length > 0 ? c.problems : positionProblems(file, program);
  const write = (self: unknown, run: Run): void =>
    body({ self, parent: undefined, names: undefined, data: undefined }, run);
  const { outer, given, includes, reads } = c;
  return { template: { name, file, write, outer, given, includes, reads }, problems };
}

function parseProblem(file: string, error: unknown): Problem {
  const message = errorText(error);
  if (error instanceof Error && 'lineNumber' in error && typeof error.lineNumber === 'number') {
    const column = 'column' in error && typeof error.column === 'number' ? error.column + 1 : undefined;
    return {
      code: 'template',
      file,
      line: error.lineNumber,
      column,
      message: message.replace(/ - \d+:\d+$/, ''),
    };
  }
  const m = /^(?:Parse|Lexical) error on line (\d+)/.exec(message);
  const lines = message.split('\n');
  const text = (lines.at(-1) ?? message)
    .replace(/^Expecting .*, got /, 'unexpected ')
    .replace("'CLOSE_UNESCAPED'", '}}} (put a space between }} and })');
  return {
    code: 'template',
    file,
    ...(m ? { line: Number(m[1]) } : {}),
    message: `no Handlebars: ${text} near ${(lines[1] ?? '').trim()}`,
  };
}

type C = Compiler & { find: FindTemplate; includes: Map<string, Spot> };

function compileProgram(c: C, program: hbs.AST.Program | undefined): Write {
  const parts = ((program?.body ?? []) as Statement[]).map((statement) => compileStatement(c, statement));
  return (scope, run) => {
    for (const part of parts) part(scope, run);
  };
}

const NOTHING: Write = () => {};

function compileStatement(c: C, node: Statement): Write {
  switch (node.type) {
    case 'ContentStatement': {
      const { value } = node;
      return value === '' ? NOTHING : (_, run) => run.write(value);
    }
    case 'CommentStatement':
      return NOTHING;
    case 'MustacheStatement':
      return compileMustache(c, node);
    case 'BlockStatement':
      return compileBlock(c, node);
    case 'PartialStatement':
      return compilePartial(c, node);
    case 'PartialBlockStatement':
    case 'Decorator':
    case 'DecoratorBlock':
    default:
      complain(c, node, 'inline partials, partial blocks and decorators are not part of the language');
      return NOTHING;
  }
}

function compileMustache(c: C, node: hbs.AST.MustacheStatement): Write {
  if (!node.escaped) {
    complain(c, node, 'raw output ({{{x}}} or {{&x}}) is not part of the language; {{x}} needs no quotes');
    return NOTHING;
  }
  const spot = spotOf(c.file, node);
  const path = node.path as hbs.AST.PathExpression | hbs.AST.StringLiteral;
  const isCall = path.type === 'PathExpression' && node.params.length > 0;
  const evaluate = isCall
    ? compileCall(c, node, path.original, node.params, node.hash)
    : compileExpression(c, path);
  return (scope, run) => {
    const value = evaluate(scope, run);
    run.spend(undefined);
    located(spot, path.original, () => run.emit(value));
  };
}

function compileBlock(c: C, node: hbs.AST.BlockStatement): Write {
  const kind = node.path.original;
  const [param] = node.params;
  if (!['if', 'unless', 'each', 'with'].includes(kind)) {
    complain(c, node, `there is no block #${kind}; there are #if, #unless, #each and #with`);
    return NOTHING;
  }
  if (param === undefined || node.params.length > 1 || (node.hash?.pairs.length ?? 0) > 0) {
    complain(c, node, `#${kind} takes one value`);
    return NOTHING;
  }
  const subject = compileExpression(c, param);
  const otherwise = compileProgram(c, node.inverse);
  if (kind === 'if' || kind === 'unless') {
    const then = compileProgram(c, node.program);
    return (scope, run) => {
      const yes = isTruthy(subject(scope, run)) === (kind === 'if');
      (yes ? then : otherwise)(scope, run);
    };
  }
  return compileScoped(c, node, subject, otherwise);
}

/** `#each` and `#with`: the body sees the item as its scope. */
function compileScoped(c: C, node: hbs.AST.BlockStatement, subject: Evaluate, otherwise: Write): Write {
  const spot = spotOf(c.file, node);
  const names = node.program.blockParams ?? [];
  const body = compileProgram(
    { ...c, depth: c.depth + 1, blockParams: [...c.blockParams, ...names] },
    node.program,
  );
  const enter = (
    scope: Scope,
    run: Run,
    self: unknown,
    values: readonly unknown[],
    data: Scope['data'],
  ): void => {
    run.spend(undefined);
    const own =
      names.length === 0
        ? scope.names
        : new Map([...(scope.names ?? []), ...names.map((n, i) => [n, values[i]] as const)]);
    body({ self, parent: scope, names: own, data: data ?? scope.data }, run);
  };
  if (node.path.original === 'with') {
    return (scope, run) => {
      const value = subject(scope, run);
      if (isTruthy(value)) located(spot, '#with', () => enter(scope, run, value, [value], undefined));
      else otherwise(scope, run);
    };
  }
  return (scope, run) => {
    const entries = located(spot, '#each', () => entriesOf(subject(scope, run)));
    if (entries.length === 0) otherwise(scope, run);
    for (const [i, [key, value]] of entries.entries()) {
      const data = { index: i, key, first: i === 0, last: i === entries.length - 1 };
      located(spot, '#each', () => enter(scope, run, value, [value, key], data));
    }
  };
}

function entriesOf(value: unknown): [key: string | number, value: unknown][] {
  if (Array.isArray(value)) return value.map((item, i) => [i, item]);
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  if (value === null) return [];
  throw new Error('a list or a mapping is needed');
}

function compilePartial(c: C, node: hbs.AST.PartialStatement): Write {
  const spot = spotOf(c.file, node);
  const { name } = node;
  const fixed = name.type === 'SubExpression' ? undefined : name.original;
  if (fixed !== undefined) c.includes.set(fixed, spot);
  const dynamic = name.type === 'SubExpression' ? compileExpression(c, name) : undefined;
  const [param] = node.params;
  const context = param === undefined ? undefined : compileExpression(c, param);
  const extra = (node.hash?.pairs ?? []).map((pair) => {
    c.given.add(pair.key);
    return [pair.key, compileExpression(c, pair.value)] as const;
  });
  const { indent } = node;
  return (scope, run) => {
    const wanted = fixed ?? dynamic?.(scope, run);
    const template = located(spot, 'a template to include', () => {
      const found = typeof wanted === 'string' ? c.find(wanted) : undefined;
      if (found === undefined) throw new Error(`there is no template ${JSON.stringify(wanted)}`);
      return found;
    });
    const base = context === undefined ? scope.self : context(scope, run);
    const self =
      extra.length === 0
        ? base
        : { ...(base as object), ...Object.fromEntries(extra.map(([k, e]) => [k, e(scope, run)])) };
    run.spend(undefined);
    located(spot, template.name, () =>
      run.nested(() => indented(run, indent, () => template.write(self, run))),
    );
  };
}

/** Puts `indent` before each line that `work` puts out. */
function indented(run: Run, indent: string | undefined, work: () => void): void {
  if (indent === undefined || indent === '') return work();
  const before = run.text;
  run.text = '';
  work();
  const inner = run.text.replaceAll(/^(?=.)/gm, () => indent);
  run.text = before;
  run.write(inner);
}
