// A job's log as a web page that a browser can show at 300,000 lines: blocks of lines that are laid out when they are looked
// at, as little markup as there can be, errors and failed cases above. Whole without script, so that it can lie on any
// storage. Line by line, in constant memory. All that comes from the log is escaped, and the page forbids scripts, should that
// ever fail.
import { formatDuration } from '../core/time.ts';
import { LineCleaner, readable } from './log-clean.ts';
import { resultOf, type LogMark, type LogOutline } from './log-outline.ts';
import { levelOf, timeOf, type LogTransform } from './log-text.ts';
import type { LogLine } from './model.ts';

export interface HtmlLogOptions {
  title: string;
  /** Errors that were found in it. */
  errors?: readonly LogMark[];
  /** What a first reading found; without it (the log is still written) nothing stands above the lines. */
  outline?: LogOutline;
  /** Other lines that are led to, by their numbers from 0. */
  places?: Iterable<number>;
  /** The page's style sheet. */
  style: string;
  /** Files in the same folder: the log in other forms. */
  files?: readonly string[];
}

/** Where the part begins that is the same whatever page it is put into. */
export const LOG_BEGINS = '<!--log-->';

/** No list has more entries than this. */
const MAX_LISTED = 2000;
/**
 * Lines of a block, and of a group of blocks. A browser lays out all lines of a block that comes in sight, and looks in every
 * frame at each group, and at each block of those in sight.
 */
const BLOCK = 100;
const GROUP = 5000;
/** Of so many lines each has its number; after that each twentieth, and those that are led to. */
const NUMBERED = 10_000;
const NUMBER_EVERY = 20;
/** Characters of a line that are shown at once, and at most. */
const FOLD_AFTER = 600;
const SHOWN = 400;
const MAX_SHOWN = 20_000;

/** What stands before a line (from 0) so that the lines are in their blocks and groups. */
export function blockBegin(line: number): string {
  if (line % BLOCK > 0) return '';
  if (line % GROUP > 0) return '</div>\n<div class=b>';
  return `${line === 0 ? '' : `${BLOCKS_END}\n`}<div class=g><div class=b>`;
}

/** What stands after the last line. */
export const BLOCKS_END = '</div></div>';

/** The anchor of a line, by its number in LAVA's log (from 0): people count from 1. */
export function lineAnchor(line: number): string {
  return `L${line + 1}`;
}

/** Makes an HTML page of a LAVA log while it streams through. */
export function htmlLog(options: HtmlLogOptions): LogTransform {
  const lines = logLines(options);
  let begun = false;
  const head = (): string => {
    if (begun) return '';
    begun = true;
    return `${pageHead(options)}<main id="main" class="log">\n${LOG_BEGINS}${logHead(options)}`;
  };
  return {
    line: (line) => head() + lines.line(line),
    end: () => `${head()}${lines.end()}</main>\n</body>\n</html>\n`,
  };
}

/** What stands above the lines. */
function logHead({ errors = [], outline }: Pick<HtmlLogOptions, 'errors' | 'outline'>): string {
  if (outline === undefined) return '';
  const { sections, failed, results, lines } = outline;
  const counts = [...results].map(([result, count]) => `${count} ${escapeHtml(readable(result))}`);
  return `<p>${lines} lines${counts.length === 0 ? '' : `; results: ${counts.join(', ')}`}</p>
${list(
  'errors',
  'Errors',
  errors.map((mark) => item(mark, 'error')),
)}
${list(
  'failed',
  'Failed cases',
  failed.map((mark) => item(mark, 'fail')),
)}
${list(
  'sections',
  'Sections',
  sections.map((s) => item(s, s.depth > 0 ? 'below' : '', s.ms)),
  sections.length < 40,
)}
<h2 id="lines">Lines</h2>
`;
}

/** The lines alone, in their blocks. */
function logLines({ errors = [], outline, places = [] }: HtmlLogOptions): LogTransform {
  const cleaner = new LineCleaner();
  const failures = [...errors.slice(0, MAX_LISTED), ...(outline?.failed ?? []).slice(0, MAX_LISTED)];
  const hits = new Set(failures.map(({ line }) => line));
  const nextHit = followers(hits);
  const anchored = new Set([...hits, ...places, ...(outline?.sections ?? []).map(({ line }) => line)]);
  let number = 0;
  let open = '';

  /** Goes on in lines of this class. */
  function change(to: string): string {
    if (to === open) return '';
    const change = `${open === '' ? '' : '</span>'}${to === '' ? '' : `<span class=${to}>`}`;
    open = to;
    return change;
  }

  return {
    line: (line) => {
      const isAnchored = number < NUMBERED || number % NUMBER_EVERY === 0 || anchored.has(number);
      const isHit = hits.has(number);
      const block = blockBegin(number);
      const begin = block === '' ? '' : `${change('')}${block}`;
      const className = isHit ? `"hit ${classOf(line)}"` : classOf(line);
      const anchor = isAnchored
        ? `<i id=${lineAnchor(number)}>${timeOf(line.at).slice(11, 19).trim()}</i>`
        : '';
      const next = isHit ? nextLink(nextHit.get(number)) : '';
      const text = `${begin}${change(className)}${anchor}${lineText(line, cleaner.clean(line))}${next}\n`;
      number++;
      return text;
    },
    end: () => (number === 0 ? '<p>There are no lines.</p>\n' : `${change('')}${BLOCKS_END}\n`),
  };
}

function lineText(line: LogLine, text: string): string {
  const level = line.level === 'target' ? '' : `${escapeHtml(levelOf(line))}: `;
  if (text.length <= FOLD_AFTER) return `${level}${escapeHtml(text)}`;
  const rest = text.slice(SHOWN, MAX_SHOWN).toWellFormed();
  const left = text.length - MAX_SHOWN;
  return (
    `${level}${escapeHtml(text.slice(0, SHOWN).toWellFormed())}<details><summary>${text.length - SHOWN} more characters</summary>` +
    `${escapeHtml(rest)}${left > 0 ? ` […and ${left} more, in the log as text]` : ''}</details>`
  );
}

/** The line of the next failure, by the line of each. */
function followers(hits: ReadonlySet<number>): Map<number, number> {
  const sorted = [...hits].toSorted((a, b) => a - b);
  return new Map(
    sorted.flatMap((line, i) => (sorted[i + 1] === undefined ? [] : [[line, sorted[i + 1] ?? 0] as const])),
  );
}

function nextLink(line: number | undefined): string {
  return line === undefined
    ? ' <a href=#main>to the top</a>'
    : ` <a href=#${lineAnchor(line)}>next failure</a>`;
}

function pageHead({ title, style, files = [] }: HtmlLogOptions): string {
  const text = escapeHtml(readable(title.slice(0, 1000).toWellFormed()));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text}</title>
<style>
body { margin: 1em; font: 14px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
${style}</style>
</head>
<body>
<h1>${text}</h1>
<p>${files.map((file) => `<a href="${escapeHtml(file)}">${escapeHtml(file)}</a>`).join(' · ')}</p>
`;
}

function list(id: string, title: string, entries: readonly string[], isOpen = true): string {
  if (entries.length === 0) return '';
  const more = entries.length - MAX_LISTED;
  return `<details${isOpen ? ' open' : ''}><summary id="${id}">${title} (${entries.length})</summary>
<ul>
${entries.slice(0, MAX_LISTED).join('')}</ul>
${more > 0 ? `<p>and ${more} more</p>\n` : ''}</details>`;
}

function item({ line, label }: LogMark, kind: string, ms?: number): string {
  const text = escapeHtml(readable(label.slice(0, 200).toWellFormed()));
  const took = ms === undefined ? '' : ` ${formatDuration(ms)}`;
  return `<li class="${kind}"><a href="#${lineAnchor(line)}">${text}</a>${took} <small>line ${line + 1}</small></li>\n`;
}

const CLASSES = new Set([
  'pass',
  'fail',
  'skip',
  'unknown',
  'error',
  'warning',
  'exception',
  'feedback',
  'input',
]);

/** A class name that the style sheet knows; the log does not make up its own. Nothing for the board's own lines. */
function classOf(line: LogLine): string {
  const name = resultOf(line)?.result ?? line.level;
  return CLASSES.has(name) ? name : name === 'target' ? '' : 'own';
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
