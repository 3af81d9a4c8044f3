// A job's log as a web page: every line has its number as an anchor (`#L123`), so have test cases and errors; a list
// of both stands at its end. Line by line, in constant memory. All that comes from the log is escaped, and the page
// forbids scripts, should that ever fail.
import { LineCleaner, readable } from './log-clean.ts';
import { levelOf, timeOf, type LogTransform } from './log-text.ts';
import type { LogLine } from './model.ts';

/** Something in the log that the page leads to. */
export interface LogMark {
  /** The number of its line in LAVA's log, from 0. */
  line: number;
  label: string;
}

export interface HtmlLogOptions {
  title: string;
  /** Errors that were found in it. */
  errors?: readonly LogMark[];
}

/** The list at the end of the page has no more entries of a kind than this. */
const MAX_LISTED = 5000;

/** The anchor of a line, by its number in LAVA's log (from 0): people count from 1. */
export function lineAnchor(line: number): string {
  return `L${line + 1}`;
}

/** The anchor of a test case's result: suite with LAVA's number, and name. The last result of a name has it too. */
export function caseAnchor(suite: string, name: string): string {
  return `case-${encodeURIComponent(`${suite}.${name}`.toWellFormed()).replaceAll("'", '%27')}`;
}

/** The anchor of the error with this place in the list, from 0. */
export function errorAnchor(index: number): string {
  return `error-${index + 1}`;
}

/** Makes an HTML page of a LAVA log while it streams through, with anchors for errors and cases. */
export function htmlLog(options: HtmlLogOptions): LogTransform {
  const cleaner = new LineCleaner();
  const errors = (options.errors ?? []).slice(0, MAX_LISTED);
  const errorsAt = Map.groupBy(errors.entries(), ([, error]) => error.line);
  const cases = new Map<string, { anchor: string; label: string; result: string; line: number }>();
  let number = 0;
  let begun = false;

  function head(): string {
    if (begun) return '';
    begun = true;
    return pageHead(readable(options.title));
  }

  function anchors(line: LogLine): string {
    const ids = (errorsAt.get(number) ?? []).map(([index]) => errorAnchor(index));
    const result = resultOf(line);
    if (result !== undefined) {
      const anchor = caseAnchor(result.suite, result.name);
      // An id stands once on a page: a repeated case is listed with its last line.
      if (!cases.has(anchor)) ids.push(anchor);
      if (cases.has(anchor) || cases.size < MAX_LISTED) {
        cases.set(anchor, {
          anchor,
          label: `${result.suite}.${result.name}`,
          result: result.result,
          line: number,
        });
      }
    }
    return ids.map((id) => `<a id="${escapeHtml(id)}"></a>`).join('');
  }

  return {
    line: (line) => {
      const id = lineAnchor(number);
      const classes = `l ${classOf(line)}${errorsAt.has(number) ? ' hit' : ''}`;
      const text = escapeHtml(cleaner.clean(line));
      const time = timeOf(line.at).slice(11);
      const row =
        `<div class="${classes}" id="${id}">${anchors(line)}<a class="n" href="#${id}">${number + 1}</a>` +
        `<i>${time} ${escapeHtml(levelOf(line))}</i> ${text}</div>\n`;
      number++;
      return head() + row;
    },
    end: () => {
      const errorList = errors.map((error, i) => link(`#${errorAnchor(i)}`, error.label, 'error'));
      const caseList = [...cases.values()].map(({ label, result, line }) =>
        link(`#${lineAnchor(line)}`, `${label}: ${result}`, result),
      );
      return `${head()}${list('Errors', errorList)}${list('Test cases', caseList)}</body>\n</html>\n`;
    },
  };
}

function pageHead(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 13px/1.45 ui-monospace, monospace; margin: 1em; }
.l { white-space: pre-wrap; overflow-wrap: anywhere; }
.l:target, .l:has(:target) { background: light-dark(#fff3b0, #554a10); }
.n { display: inline-block; width: 4.5em; text-align: right; margin-right: 1em; color: gray; text-decoration: none; }
i { font-style: normal; color: gray; display: inline-block; min-width: 24ch; }
.own { color: gray; }
.warning { color: light-dark(#8a5a00, #e0b050); }
.error, .exception, .fail, .hit { color: light-dark(#b00020, #ff7b8a); }
.pass { color: light-dark(#00701a, #6fd08c); }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p><a href="#errors">Errors</a> · <a href="#cases">Test cases</a></p>
`;
}

/** Where the lists begin; the head of the page, which is written before they are known, leads there. */
const LIST_IDS: Readonly<Record<string, string>> = { Errors: 'errors', 'Test cases': 'cases' };

function list(title: string, entries: readonly string[]): string {
  const items = entries.length === 0 ? '<p>none</p>' : `<ul>\n${entries.join('')}</ul>`;
  return `<h2 id="${LIST_IDS[title] ?? ''}">${title}</h2>\n${items}\n`;
}

function link(href: string, label: string, kind: string): string {
  return `<li><a class="${className(kind)}" href="${escapeHtml(href)}">${escapeHtml(readable(label))}</a></li>\n`;
}

const CLASSES = new Set([
  'pass',
  'fail',
  'skip',
  'unknown',
  'error',
  'warning',
  'exception',
  'target',
  'feedback',
  'input',
]);

/** A class name that the style sheet knows; the log does not make up its own. */
function className(name: string): string {
  return CLASSES.has(name) ? name : 'own';
}

function classOf(line: LogLine): string {
  return className(resultOf(line)?.result ?? line.level);
}

function resultOf(line: LogLine): { suite: string; name: string; result: string } | undefined {
  if (line.level !== 'results' || typeof line.value !== 'object' || line.value === null) return undefined;
  const { definition, case: name, result }: Record<string, unknown> = { ...line.value };
  if (typeof definition !== 'string' || typeof name !== 'string' || typeof result !== 'string')
    return undefined;
  return { suite: definition, name, result };
}

/** For text and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  if (!/[&<>"']/.test(text)) return text;
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
