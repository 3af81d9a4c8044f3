// A job's console as LAVA writes it: asked for in pages while the job runs, and from the stored
// evidence once that is there. LAVA is asked only while there is a reader.
import { TextDecoder } from 'node:util';
import { sleep, type Clock } from '../core/time.ts';
import { LogReader } from '../lava/log.ts';
import type { LogLine } from '../lava/model.ts';
import type { AttemptRecord, Blobs, Store } from '../store/index.ts';
import type { LabPorts } from './labs.ts';
import { createLogPages, LOOK_EVERY, type LogPages } from './log-pages.ts';

/** What reading a job's log uses. */
export type LogPorts = LabPorts & {
  store: Pick<Store, 'attempts' | 'job'>;
  blobs: Pick<Blobs, 'read'>;
};

interface LogOptions {
  /** Go on until the job has finished. */
  follow: boolean;
  /** All of LAVA's lines instead of the console's, as LAVA writes them. */
  raw: boolean;
  /** Fires when the reader is gone. */
  signal: AbortSignal;
}

/** Gives the log of a job while it is written. */
export interface LiveLog {
  /** The log of the job's last attempt, in pieces of text; undefined: as many read logs as may at a time. */
  open: (jobId: string, options: LogOptions) => AsyncGenerator<string> | undefined;
  /** Takes a reader's place until the signal fires; false: there is none. */
  takePlace: (gone: AbortSignal) => boolean;
}

/** Who reads slowly holds a place for long. */
const MOST_READERS = 100;

/** One for all readers: pages that were fetched from LAVA are shared. */
export function createLiveLog(ports: LogPorts & { now: Clock }): LiveLog {
  const pages = createLogPages(ports.now);
  let readers = 0;

  function takePlace(gone: AbortSignal): boolean {
    if (gone.aborted || readers >= MOST_READERS) return false;
    readers += 1;
    // Whether it is read to its end or not even begun.
    gone.addEventListener('abort', () => (readers -= 1), { once: true });
    return true;
  }

  return {
    open: (jobId, options) => (takePlace(options.signal) ? readLog(jobId, options, pages, ports) : undefined),
    takePlace,
  };
}

/** Ends at once if there is no log and it is not followed. */
async function* readLog(
  jobId: string,
  { follow, raw, signal }: LogOptions,
  pages: LogPages,
  ports: LogPorts,
): AsyncGenerator<string> {
  let given = 0;
  let attemptN = 0;
  while (!signal.aborted) {
    const attempt = (await ports.store.attempts(jobId)).at(-1);
    if (attempt !== undefined && attempt.n !== attemptN) {
      attemptN = attempt.n;
      given = 0;
    }
    if (attempt !== undefined && attempt.log !== null) {
      yield* stored(attempt.log, given, raw, ports);
      return;
    }
    if (attempt !== undefined) {
      for await (const lines of newLines(attempt, given, pages, ports)) {
        given += lines.length;
        yield format(lines, raw);
      }
    }
    if (!follow || (attempt !== undefined && attempt.finishedAt !== null)) return;
    const job = await ports.store.job(jobId);
    if (!job || job.done) return;
    await sleep(LOOK_EVERY, signal);
  }
}

/** What LAVA has of the log so far, from line `from` on, in pages; nothing if LAVA does not have the job yet. */
async function* newLines(
  { lab: name, lavaId }: AttemptRecord,
  from: number,
  pages: LogPages,
  ports: LogPorts,
): AsyncGenerator<readonly LogLine[]> {
  const lab = ports.labs.get(name);
  if (lavaId === null || lab === undefined) return;
  for (let isFull = true, next = from; isFull;) {
    const page = await pages.linesFrom(lab, lavaId, next);
    ({ isFull } = page);
    next += page.lines.length;
    yield page.lines;
  }
}

/** The stored log without the lines that were given already. */
async function* stored(name: string, skip: number, raw: boolean, ports: LogPorts): AsyncGenerator<string> {
  const reader = new LogReader();
  const decoder = new TextDecoder();
  let left = skip;
  const rest = (lines: LogLine[]): string => {
    const dropped = Math.min(left, lines.length);
    left -= dropped;
    return format(lines.slice(dropped), raw);
  };
  for await (const chunk of ports.blobs.read(name))
    yield rest(reader.push(decoder.decode(chunk, { stream: true })));
  yield rest(reader.end());
}

function format(lines: readonly LogLine[], raw: boolean): string {
  return lines
    .filter((line) => raw || line.level === 'target')
    .map((line) => (raw ? `${line.level.padEnd(8)} ${textOf(line)}\n` : `${textOf(line)}\n`))
    .join('');
}

/** Control characters of a board's console must not steer the reader's terminal. */
function textOf(line: LogLine): string {
  const text = line.text ?? JSON.stringify(line.value) ?? '';
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
}
