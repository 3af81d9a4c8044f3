// A job's console as LAVA writes it, for whoever looks: asked for in pieces while the job runs, and from the stored
// evidence once that is there. Nobody looks, nobody asks.
import { TextDecoder } from 'node:util';
import { sleep, SECOND } from '../core/time.ts';
import { LogReader, readLogText } from '../lava/log.ts';
import type { LogLine } from '../lava/model.ts';
import type { Blobs, Store } from '../store/index.ts';
import type { LabPorts } from './labs.ts';
import type { Lab } from './lab.ts';

/** What reading a job's log uses. */
export type LogPorts = LabPorts & {
  store: Pick<Store, 'attempts' | 'job'>;
  blobs: Pick<Blobs, 'read'>;
};

export interface LogOptions {
  /** Go on until the job has finished. */
  follow: boolean;
  /** All of LAVA's lines instead of the console's, as LAVA writes them. */
  raw: boolean;
  signal: AbortSignal;
}

/** LAVA takes new lines from the board every few seconds (`--job-log-interval`, 5 by default). */
const LOOK_EVERY = 2 * SECOND;
const PAGE = 5000;

/** The log of the job's last attempt, in pieces of text. Ends at once if there is none and nobody follows. */
export async function* readLog(
  jobId: string,
  { follow, raw, signal }: LogOptions,
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
    if (attempt?.log !== null && attempt?.log !== undefined) {
      yield* stored(attempt.log, given, raw, ports);
      return;
    }
    const lab = attempt === undefined ? undefined : ports.labs.get(attempt.lab);
    if (attempt?.lavaId !== null && attempt?.lavaId !== undefined && lab) {
      for await (const lines of fetched(attempt.lavaId, given, lab)) {
        given += lines.length;
        yield format(lines, raw);
      }
    }
    const job = await ports.store.job(jobId);
    if (!follow || !job || job.done || (attempt?.finishedAt !== null && attempt !== undefined)) return;
    await sleep(LOOK_EVERY, signal);
  }
}

async function* fetched(lavaId: number, from: number, lab: Lab): AsyncGenerator<LogLine[]> {
  for (let start = from; ;) {
    const part = await lab.call((c) => c.logs(lavaId, start, PAGE));
    if (part.lines === 0) return;
    yield [...readLogText(part.text)];
    start += part.lines;
    if (part.lines < PAGE) return;
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
