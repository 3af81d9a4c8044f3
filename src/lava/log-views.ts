// The forms in which a job's log is shown to people.
import type { LogLine } from './model.ts';

export interface LogView {
  /** The file's name; its ending says what it is. */
  file: string;
  /** The name of the artifact on Maestro's node. */
  artifact: string;
  /** What a reader is to be led to first. */
  isMain: boolean;
  render: (lines: AsyncIterable<LogLine[]>, about: { title: string }) => AsyncIterable<string>;
}

/** Control characters of a board's console must not steer the reader's terminal. */
function clean(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
}

async function* consoleLines(lines: AsyncIterable<LogLine[]>): AsyncGenerator<string> {
  for await (const batch of lines) {
    const text = batch.filter((line) => line.level === 'target').map((line) => `${clean(line.text ?? '')}\n`);
    if (text.length > 0) yield text.join('');
  }
}

async function* allLines(lines: AsyncIterable<LogLine[]>): AsyncGenerator<string> {
  for await (const batch of lines) {
    const text = batch.map((line) => {
      const at = line.at === undefined ? '' : new Date(line.at).toISOString();
      return `${at} ${line.level.padEnd(8)} ${clean(line.text ?? JSON.stringify(line.value) ?? '')}\n`;
    });
    if (text.length > 0) yield text.join('');
  }
}

export const LOG_VIEWS: readonly LogView[] = [
  { file: 'log.txt', artifact: 'test_log', isMain: true, render: consoleLines },
  { file: 'full-log.txt', artifact: 'lava_logs', isMain: false, render: allLines },
];
