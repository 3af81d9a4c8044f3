// A job's log on the pages: the published page within our frame (it costs no reading of the log); made again if it lies
// elsewhere; streamed while it grows; and the lines that hold what the reader looks for.
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { LineCleaner } from '../../lava/log-clean.ts';
import { blockBegin, BLOCKS_END, escapeHtml, htmlLog, lineAnchor, LOG_BEGINS } from '../../lava/log-html.ts';
import { linesOf, logPagePath, outlineOf, transformed } from '../../reporting/logs.ts';
import type { AttemptRecord, ListedJob } from '../../store/index.ts';
import { html, queryOf, type Html } from '../html.ts';
import type { HttpPorts } from '../ports.ts';
import { jobPath, name } from './parts.ts';

/** Lines that a search shows. */
const MOST_FOUND = 1000;

export interface LogPage {
  /** The page around the log, which is put at the end of its main part. */
  frame: string;
  job: ListedJob;
  attempt: AttemptRecord;
}

/** What stands above the log in the frame. */
export function logIntro(job: ListedJob, attempt: AttemptRecord | undefined, query = ''): Html {
  const raw = attempt !== undefined && attempt.log !== null;
  return html`<h1>Log of <a href="${jobPath(job.id)}">${name(job.name)}</a> on ${name(job.board)}</h1>
    <form class="line" role="search" action="${jobPath(job.id)}/log">
      <label>Lines that contain <input type="search" name="q" value="${query}" /></label>
      <button type="submit">Find</button>
      ${raw ? html`<a class="button" href="${jobPath(job.id)}/log.txt">Raw</a>` : ''}
    </form>`;
}

/** The page in pieces, from the log that is stored. `anchor`: a line (from 0) that is led to. */
export async function* storedLog(
  { frame, job, attempt }: LogPage,
  anchor: number | undefined,
  ctx: HttpPorts,
): AsyncGenerator<string> {
  const [head, tail] = cutFrame(frame);
  yield `${head}<div class="log">\n`;
  const published =
    attempt.outcome === null ? await ctx.logs.local?.open(logPagePath(job, attempt)) : undefined;
  if (published !== undefined && anchor === undefined) yield* publishedPart(published.read());
  else {
    await published?.close();
    const log = attempt.log ?? '';
    const outline = await outlineOf(linesOf(log, ctx));
    const page = htmlLog({ title: '', style: '', outline, places: anchor === undefined ? [] : [anchor] });
    yield* publishedPart(transformed(linesOf(log, ctx), page));
  }
  yield tail;
}

/** The log while it grows. */
export async function* growingLog(
  { frame }: Pick<LogPage, 'frame'>,
  text: AsyncIterable<string>,
): AsyncGenerator<string> {
  const [head, tail] = cutFrame(frame);
  yield `${head}<div class="log" data-live>${blockBegin(0)}`;
  const cleaner = new LineCleaner();
  let number = 0;
  let rest = '';
  for await (const piece of text) {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() ?? '';
    yield lines
      .map((line) => {
        const begin = number === 0 ? '' : blockBegin(number);
        const level = { at: undefined, level: 'target', text: line, value: undefined, namespace: undefined };
        return `${begin}<i id=${lineAnchor(number++)}></i>${escapeHtml(cleaner.clean(level))}\n`;
      })
      .join('');
  }
  yield `${BLOCKS_END}<p>That is all: <a href="">load the page again</a> to see errors and sections.</p></div>${tail}`;
}

/** The lines that contain the text, each leading to its place. */
export async function searchLog(
  job: ListedJob,
  attempt: AttemptRecord,
  words: string,
  ctx: HttpPorts,
): Promise<Html> {
  const cleaner = new LineCleaner();
  const wanted = words.toLowerCase();
  const found: { number: number; text: string }[] = [];
  let number = 0;
  let more = 0;
  for await (const batch of linesOf(attempt.log ?? '', ctx)) {
    for (const line of batch) {
      const text = cleaner.clean(line);
      if (text.toLowerCase().includes(wanted)) {
        if (found.length < MOST_FOUND) found.push({ number, text: text.slice(0, 500).toWellFormed() });
        else more += 1;
      }
      number++;
    }
  }
  return html`${logIntro(job, attempt, words)}
    <p>${found.length + more} of ${number} lines${more > 0 ? `; the first ${MOST_FOUND} are shown` : ''}</p>
    <ol class="found">
      ${found.map(({ number, text }) => {
        const line = number + 1;
        return html`<li value="${line}">
          <a href="${jobPath(job.id)}/log?${queryOf({ line })}#L${line}"><bdi>${text}</bdi></a>
        </li>`;
      })}
    </ol>`;
}

/** The frame before and after the end of its main part. */
function cutFrame(frame: string): [string, string] {
  const end = frame.lastIndexOf('</main>');
  return [frame.slice(0, end), frame.slice(end)];
}

/** From where the log itself begins to the end of the page's main part. */
async function* publishedPart(source: Readable | AsyncIterable<string>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let head: string | undefined = '';
  let held = '';
  for await (const chunk of source as AsyncIterable<string | Buffer>) {
    let text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    if (head !== undefined) {
      head += text;
      const at = head.indexOf(LOG_BEGINS);
      if (at < 0) continue;
      text = head.slice(at + LOG_BEGINS.length);
      head = undefined;
    }
    // The page's own end is held back, and left out.
    text = held + text;
    const end = text.length - END.length;
    held = text.slice(Math.max(0, end));
    if (end > 0) yield text.slice(0, end);
  }
  yield held.replace(END, '</div>\n');
}

const END = '</main>\n</body>\n</html>\n';
