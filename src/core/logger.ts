// The log: to systemd's journal with fields of its own where standard output is that journal, else logfmt on standard
// output. Errors are logged as their text alone: error objects of HTTP clients carry headers and URLs.
import { pino, type Logger } from 'pino';
import { errorText } from './errors.ts';
import { isJournal } from './journal-stream.ts';
import {
  isShown,
  journalEntry,
  logfmt,
  messageText,
  priorityOf,
  readRecord,
  type LogLevel,
  type LogRecord,
} from './log-record.ts';
import { openDatagramSender, type DatagramSender } from './unix-datagram.ts';

/** The daemon's log, whose level can be changed while it runs. */
export interface DaemonLog {
  log: Logger;
  /** From now on, records of this level and worse are shown, of every part. */
  setLevel: (level: LogLevel) => void;
}

const JOURNAL = '/run/systemd/journal/socket';

/** Lines of JSON, one a record, to `to` (standard output, if it is not there); for commands and tests. */
export function createLogger(level: string, to?: { write: (line: string) => void }): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['token', '*.token', 'authorization', '*.authorization', 'headers'],
        censor: '[secret]',
      },
    },
    to ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** The log of a daemon that runs. `journal`: the socket of the journal; undefined: there is none. */
export async function openLog(
  level: LogLevel,
  journal = isJournal(1) ? JOURNAL : undefined,
): Promise<DaemonLog> {
  const write = journal === undefined ? toStandardOutput : await toJournal(journal);
  let least = level;
  // Every part asks for all that it may ever show: a child of pino's loggers never hears of a new level.
  const log = createLogger('debug', {
    write(line) {
      const record = readRecord(line);
      if (isShown(record.level, least)) write(record);
    },
  });
  return {
    log,
    setLevel(next) {
      least = next;
    },
  };
}

type Write = (record: LogRecord) => void;

function toStandardOutput(record: LogRecord): void {
  process.stdout.write(logfmt(record));
}

/** What does not go by the journal's socket is a line of text, with its priority in front. */
async function toJournal(path: string): Promise<Write> {
  const asText: Write = (record) =>
    void process.stdout.write(`<${priorityOf(record.level)}>${messageText(record).replaceAll('\n', ' ')}\n`);
  const trouble = (error: unknown): void =>
    asText({
      level: 'warn',
      time: '',
      message: 'the journal gets lines without fields',
      fields: [['why', errorText(error)]],
    });

  let socket: DatagramSender | undefined;
  try {
    socket = await openDatagramSender(path);
  } catch (error) {
    trouble(error);
    return asText;
  }
  let isTold = false;
  return (record) => {
    try {
      socket.send(journalEntry(record));
      isTold = false;
    } catch (error) {
      if (!isTold) trouble(error);
      isTold = true;
      asText(record);
    }
  };
}
