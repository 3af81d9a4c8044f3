// Where values may stand in a template, checked when it is loaded: each `{{x}}` must be a whole YAML value (or key),
// since one inside a longer text would be read as a part of it. YAML's own lexer decides.
import type { Problem } from '../core/errors.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { lexYaml } from '../core/parse/yaml.ts';
import { spotOf } from './expressions.ts';
import { hole, MARK, PART_OF_SCALAR } from './skeleton.ts';

/** The faults of one file. Of `#if … else …` each branch is looked at, one at a time. */
export function positionProblems(file: string, program: hbs.AST.Program): Problem[] {
  const problems = new Map<string, Problem>();
  for (let branch = 0; branch < branchesOf(program); branch++) {
    const flat = new Flat(branch);
    flat.add(program);
    for (const { node, message } of flat.faults()) {
      const problem: Problem = { code: 'template', ...spotOf(file, node), message };
      problems.set(`${problem.line}:${problem.column}`, problem);
    }
  }
  return [...problems.values()];
}

/** The longest chain of `#if … else if … else`. */
function branchesOf(node: hbs.AST.Node): number {
  if (node.type === 'Program') return Math.max(1, ...(node as hbs.AST.Program).body.map(branchesOf));
  if (node.type !== 'BlockStatement') return 1;
  const { program, inverse } = node as hbs.AST.BlockStatement;
  const rest = inverse === undefined ? 1 : branchesOf(inverse);
  return Math.max(program === undefined ? 1 : branchesOf(program), 1 + rest);
}

/** A refusal puts nothing out: it may stand anywhere. */
function isRefusal({ path }: hbs.AST.MustacheStatement): boolean {
  return path.type === 'PathExpression' && (path as hbs.AST.PathExpression).original === 'refuse';
}

/** A template's text with holes for its values, as one way through its branches makes it. */
class Flat {
  private text = '';
  private readonly nodes: hbs.AST.Node[] = [];
  private readonly partials: { offset: number; node: hbs.AST.Node }[] = [];
  private readonly branch: number;

  constructor(branch: number) {
    this.branch = branch;
  }

  add(program: hbs.AST.Program | undefined): void {
    for (const node of program?.body ?? []) {
      if (node.type === 'ContentStatement') this.text += (node as hbs.AST.ContentStatement).value;
      else if (node.type === 'BlockStatement') this.addBlock(node as hbs.AST.BlockStatement);
      else if (node.type === 'PartialStatement') this.partials.push({ offset: this.text.length, node });
      else if (node.type === 'MustacheStatement' && !isRefusal(node as hbs.AST.MustacheStatement)) {
        this.text += hole(this.nodes.length);
        this.nodes.push(node);
      }
    }
  }

  private addBlock(block: hbs.AST.BlockStatement): void {
    let at: hbs.AST.BlockStatement = block;
    for (let i = 0; i < this.branch; i++) {
      const next = at.inverse?.body[0];
      const chained = at.inverse !== undefined && 'chained' in at.inverse && at.inverse.chained === true;
      if (!chained || next?.type !== 'BlockStatement') return this.add(at.inverse);
      at = next as hbs.AST.BlockStatement;
    }
    this.add(at.program);
  }

  *faults(): Generator<{ node: hbs.AST.Node; message: string }> {
    for (const { offset, node } of this.partials) {
      const line = this.text.slice(this.text.lastIndexOf('\n', offset - 1) + 1, offset);
      if (line.trim() !== '') yield { node, message: 'an included template stands on a line of its own' };
    }
    for (const index of misplacedHoles(this.text)) {
      const node = this.nodes[index];
      if (node !== undefined) yield { node, message: PART_OF_SCALAR };
    }
  }
}

const CONTROL = /^[\u0002\u0018\u001f\ufeff]$|^[ \t]+$/;
const NO_SCALAR = /^(\r?\n|[-?:,[\]{}]|[|>][-+0-9]*|[&!].*|#.*|%.*|---|\.\.\.)$/s;
const HOLES = new RegExp(`${MARK}(\\d+)${MARK}`, 'g');

/** The holes of a text that are a part of a scalar, or that share their line with another scalar. */
function* misplacedHoles(text: string): Generator<number> {
  let previous: { scalar: boolean; holes: number[] } = { scalar: false, holes: [] };
  for (const lexeme of lexYaml(text, PARSE_LIMITS.yamlFile)) {
    if (CONTROL.test(lexeme)) continue;
    const scalar = !NO_SCALAR.test(lexeme);
    const holes = [...lexeme.matchAll(HOLES)].map((m) => Number(m[1]));
    const whole = holes[0] !== undefined && lexeme === hole(holes[0]);
    if (!whole) yield* holes;
    if (scalar && previous.scalar) yield* [...previous.holes, ...holes];
    previous = { scalar, holes };
  }
}
