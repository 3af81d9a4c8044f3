// YAML for reading: keys, comments and strings in colours, line by line; and what changed between two texts.
import { html, type Content, type Html } from '../html.ts';

/** Longer texts are shown without colours. */
const MOST_LINES = 4000;
/** Lines that are compared; the work grows with the product of both. */
const MOST_DIFFERENT = 1500;

export function yaml(text: string): Html {
  const lines = text.split('\n');
  return html`<pre class="code" tabindex="0">
${lines.length > MOST_LINES ? text : lines.map((line) => [coloured(line), '\n'])}</pre>`;
}

function coloured(line: string): Content {
  const [, indent = '', key, rest = ''] =
    /^(\s*(?:- )*)([A-Za-z_][\w.-]{0,80}:)(?=\s|$)(.*)$/.exec(line) ?? [];
  if (key === undefined) return /^\s*#/.test(line) ? html`<span class="comment">${line}</span>` : line;
  const value = /^\s+["']/.test(rest) ? html`<span class="string">${rest}</span>` : rest;
  return html`${indent}<span class="key">${key}</span>${value}`;
}

/** What was taken out and put in; undefined: nothing, or too much to say. */
export function difference(before: string, after: string): Html | undefined {
  let [a, b] = [before.split('\n'), after.split('\n')];
  const head = common(a, b);
  [a, b] = [a.slice(head), b.slice(head)];
  const tail = common(a.toReversed(), b.toReversed());
  const context = after.split('\n').slice(Math.max(0, head - 3), head);
  [a, b] = [a.slice(0, a.length - tail), b.slice(0, b.length - tail)];
  if (a.length + b.length === 0 || a.length > MOST_DIFFERENT || b.length > MOST_DIFFERENT) return undefined;
  return html`<pre class="code" tabindex="0">
${context.map((line) => `${line}\n`)}${edits(a, b).map(({ kind, line }) =>
      kind === 'same'
        ? `${line}\n`
        : kind === 'out'
          ? html`<del>- ${line}</del>`
          : html`<ins>+ ${line}</ins>`,
    )}</pre>`;
}

function common(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

interface Edit {
  kind: 'same' | 'out' | 'in';
  line: string;
}

/** By the longest common part, as everybody does it. */
function edits(a: readonly string[], b: readonly string[]): Edit[] {
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => length[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const all: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [was, is] = [a[i], b[j]];
    if (was !== undefined && was === is) {
      all.push({ kind: 'same', line: was });
      i++;
      j++;
    } else if (was !== undefined && (is === undefined || at(i + 1, j) >= at(i, j + 1))) {
      all.push({ kind: 'out', line: was });
      i++;
    } else {
      all.push({ kind: 'in', line: is ?? '' });
      j++;
    }
  }
  return all;
}
