// The log: one JSON object a line on standard output, for the journal. Errors are logged as their text alone: error
// objects of HTTP clients carry headers and URLs.
import { pino, type Logger } from 'pino';

const PRIORITY: Record<string, number> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7 };

/** Under systemd each line begins with the journal's priority, `<4>`. `to` takes the lines in place of standard output. */
export function createLogger(level: string, to?: { write: (line: string) => void }): Logger {
  const journal = process.env['JOURNAL_STREAM'] !== undefined;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: journal ? false : pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['token', '*.token', 'authorization', '*.authorization', 'headers'],
        censor: '[secret]',
      },
    },
    to ?? (journal ? prefixed() : pino.destination({ fd: 1, sync: true })),
  );
  return logger;
}

function prefixed(): { write: (line: string) => void } {
  return {
    write(line) {
      const level = /"level":"([a-z]+)"/.exec(line)?.[1] ?? 'info';
      process.stdout.write(`<${PRIORITY[level] ?? 6}>${line}`);
    },
  };
}
