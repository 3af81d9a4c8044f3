// Publishes a job's logs for people: the console as text, the same with all of LAVA's lines, as a page with anchors,
// and LAVA's own record of the job. The paths are fixed for an attempt, so that a repeated stage writes the same files.
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { shippedFolder } from '../core/shipped.ts';
import { htmlLog } from '../lava/log-html.ts';
import { outlineReader, type LogMark, type LogOutline } from '../lava/log-outline.ts';
import { consoleText, fullText, type LogTransform } from '../lava/log-text.ts';
import { LogReader } from '../lava/log.ts';
import type { LogLine } from '../lava/model.ts';
import { contentTypeOf } from '../storage/log-store.ts';
import type { OpenLogs } from '../storage/open.ts';
import type { AttemptRecord, Blobs, JobRecord } from '../store/index.ts';
import type { Evidence } from '../verdict/model.ts';

export interface PublishedLogs {
  /** The console, for people. */
  logUrl: string | undefined;
  outputFiles: { name: string; url: string }[];
  /** For Maestro's node. */
  artifacts: Record<string, string>;
  /** The paths of what is still to be uploaded; the files are among the blobs, below `upload/`. */
  uploads: string[];
}

/** Where logs are kept, and where evidence is. */
interface Places {
  logs: OpenLogs;
  blobs: Pick<Blobs, 'read' | 'put'>;
}

type Job = Pick<JobRecord, 'name' | 'board' | 'nodeId'>;
type Attempt = Pick<AttemptRecord, 'n' | 'lavaId' | 'log' | 'evidence'>;

/** One published file. */
interface Sheet {
  file: string;
  /** The artifact's name on Maestro's node. */
  artifact: string;
  text: () => AsyncIterable<string>;
}

/** Writes (or hands to the outbox) the logs of the attempt that counts. Nothing if it left none. */
export async function publishLogs(
  job: Job,
  attempt: Attempt | undefined,
  evidence: Evidence,
  { logs, blobs }: Places,
): Promise<PublishedLogs> {
  const published = logsOf(job, attempt, evidence, { logs, blobs });
  if (attempt === undefined) return published;
  for (const sheet of sheetsOf(job, attempt, evidence, blobs)) {
    const path = `${folderOf(job, attempt)}/${sheet.file}`;
    const plain = Readable.from(sheet.text(), { objectMode: false });
    const content = path.endsWith('.gz') ? plain.pipe(createGzip()) : plain;
    plain.on('error', (error) => content.destroy(error));
    if (logs.local) {
      await logs.local.put(path, content, contentTypeOf(path));
    } else {
      await blobs.put(`upload/${path}`, content);
      published.uploads.push(path);
    }
  }
  return published;
}

/** The logs of an attempt as they are, or will be, published: nothing is written. */
export function logsOf(
  job: Job,
  attempt: Attempt | undefined,
  evidence: Evidence,
  { logs, blobs }: Places,
): PublishedLogs {
  const published: PublishedLogs = { logUrl: undefined, outputFiles: [], artifacts: {}, uploads: [] };
  if (attempt === undefined) return published;
  for (const { file, artifact } of sheetsOf(job, attempt, evidence, blobs)) {
    const url = logs.urlOf(`${folderOf(job, attempt)}/${file}`);
    if (file === MAIN) published.logUrl = url;
    else published.outputFiles.push({ name: file, url });
    published.artifacts[artifact] = url;
  }
  return published;
}

const MAIN = 'log.txt';
const FULL = 'full-log.txt.gz';
const PAGE = 'log.html';

/** The style of the log's page, which it brings along wherever it lies. */
export function logStyle(): string {
  return readFileSync(`${shippedFolder('pages')}/log.css`, 'utf8');
}

/** Where the page of an attempt's log is published. */
export function logPagePath(job: Job, attempt: Pick<Attempt, 'n'>): string {
  return `${folderOf(job, attempt)}/${PAGE}`;
}

/** The published files of an attempt that was reported, those for reading first. */
export function logUrls(
  job: Job,
  attempt: Attempt,
  { logs }: Pick<Places, 'logs'>,
): { name: string; url: string }[] {
  const files = [
    ...(attempt.log === null ? [] : [PAGE, MAIN, FULL]),
    ...(attempt.evidence === null ? [] : ['lava-job.json.gz']),
  ];
  return files.map((name) => ({ name, url: logs.urlOf(`${folderOf(job, attempt)}/${name}`) }));
}

function folderOf(job: Job, attempt: Pick<Attempt, 'n'>): string {
  return `${cleanName(job.name)}-${job.nodeId}/${attempt.n}`;
}

function sheetsOf(job: Job, attempt: Attempt, evidence: Evidence, blobs: Pick<Blobs, 'read'>): Sheet[] {
  const sheets: Sheet[] = [];
  const { log } = attempt;
  const { lava } = evidence;
  if (log !== null) {
    const of = (transform: () => LogTransform) => () => transformed(linesOf(log, { blobs }), transform());
    const page = {
      title: `${job.name} on ${job.board}, LAVA job ${attempt.lavaId ?? ''}`,
      errors: errorMarks(evidence),
      places: placesOf(evidence),
      files: [MAIN, FULL],
      style: logStyle(),
    };
    sheets.push(
      { file: MAIN, artifact: 'test_log', text: of(consoleText) },
      { file: FULL, artifact: 'lava_logs', text: of(fullText) },
      {
        file: PAGE,
        artifact: 'log_html',
        async *text() {
          const outline = await outlineOf(linesOf(log, { blobs }));
          yield* transformed(linesOf(log, { blobs }), htmlLog({ ...page, outline }));
        },
      },
    );
  }
  if (lava !== undefined) {
    sheets.push({
      file: 'lava-job.json.gz',
      artifact: 'callback_data',
      text: () => once(JSON.stringify(lava)),
    });
  }
  return sheets;
}

/** What the page leads to: the kernel's reports, and where it ended. */
function errorMarks({ console }: Evidence): LogMark[] {
  const marks = (console?.segments ?? []).flatMap((segment) => [
    ...segment.findings.map((f) => ({ line: f.firstLine, label: f.summary })),
    ...(segment.crash === undefined ? [] : [{ line: segment.crash.line, label: segment.crash.text }]),
  ]);
  return marks.toSorted((a, b) => a.line - b.line);
}

/** The lines that results of cases lead to. */
function placesOf({ lava }: Evidence): number[] {
  return (lava?.cases ?? [])
    .flatMap(({ startLine, endLine }) => [startLine, endLine])
    .filter((line) => line !== undefined);
}

/** What stands in a log, found by reading it once. */
export async function outlineOf(lines: AsyncIterable<LogLine[]>): Promise<LogOutline> {
  const outline = outlineReader();
  for await (const batch of lines) for (const line of batch) outline.line(line);
  return outline.end();
}

/** The text that a transform makes of the lines, in pieces. */
export async function* transformed(
  lines: AsyncIterable<LogLine[]>,
  transform: LogTransform,
): AsyncGenerator<string> {
  for await (const batch of lines) {
    const text = batch.map((line) => transform.line(line)).join('');
    if (text !== '') yield text;
  }
  yield transform.end();
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** A log's lines, as they are read from the disk. */
export async function* linesOf(
  name: string,
  { blobs }: { blobs: Pick<Blobs, 'read'> },
): AsyncGenerator<LogLine[]> {
  const reader = new LogReader();
  for await (const chunk of blobs.read(name)) yield reader.push(chunk);
  yield reader.end();
}

function cleanName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 150) || 'job';
}
