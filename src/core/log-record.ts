// A line of the log in its two forms: an entry of the journal in its own protocol, with every field to be searched for, and
// logfmt for terminals and files. Both hold the same words.
import { printableLines } from './printable.ts';

/** What stands in each record; higher is worse. `priority` is syslog's. */
const LEVELS = {
  debug: { rank: 20, priority: 7 },
  info: { rank: 30, priority: 6 },
  warn: { rank: 40, priority: 4 },
  error: { rank: 50, priority: 3 },
  fatal: { rank: 60, priority: 2 },
} as const;

/** How urgent a record is. */
export type LogLevel = keyof typeof LEVELS;

/** One record, as it came from the logger. */
export interface LogRecord {
  level: LogLevel;
  time: string;
  message: string;
  fields: readonly (readonly [name: string, value: string])[];
}

/** Of a value, the journal and logfmt take so many characters: a record must fit into one datagram. */
const MOST_CHARACTERS = 8192;

/** Reads a line of pino's JSON, which we wrote ourselves. */
export function readRecord(line: string): LogRecord {
  const { level, time = '', msg = '', ...rest } = JSON.parse(line) as Record<string, unknown>;
  return {
    level: isLevel(level) ? level : 'error',
    time: textOf(time),
    message: textOf(msg),
    fields: Object.entries(rest)
      .filter(([, value]) => value !== null && value !== '')
      .map(([name, value]) => [name, textOf(value)] as const),
  };
}

/** Whether a record of this level is shown where `least` and worse are. */
export function isShown(level: LogLevel, least: LogLevel): boolean {
  return LEVELS[level].rank >= LEVELS[least].rank;
}

/** Syslog's priority of a level, 0 to 7. */
export function priorityOf(level: LogLevel): number {
  return LEVELS[level].priority;
}

/** `submitted job=lab:65f0 lava_id=42`: the message and its fields in one line. */
export function messageText({ message, fields }: LogRecord): string {
  return [message, ...fields.map(pair)].join(' ');
}

/** `time=… level=info msg=submitted job=lab:65f0`, and the end of the line. */
export function logfmt({ time, level, message, fields }: LogRecord): string {
  const head = [['time', time] as const, ['level', level] as const, ['msg', message] as const];
  return `${[...head, ...fields].map(pair).join(' ')}\n`;
}

/** One datagram for the journal's socket. A field `lavaId` becomes BRIDGE_LAVA_ID. */
export function journalEntry(record: LogRecord): Buffer {
  const { level, fields } = record;
  return Buffer.concat([
    journalField('MESSAGE', messageText(record)),
    journalField('PRIORITY', String(priorityOf(level))),
    journalField('SYSLOG_IDENTIFIER', 'lava-bridge'),
    ...fields.map(([name, value]) => journalField(`BRIDGE_${snakeCase(name).toUpperCase()}`, value)),
  ]);
}

/** A value with line ends is written with its length. */
function journalField(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  if (!value.includes('\n')) return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from('\n')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), size, bytes, Buffer.from('\n')]);
}

function pair([name, value]: readonly [string, string]): string {
  const isPlain = /^[^\s"=]+$/.test(value);
  return `${snakeCase(name)}=${isPlain ? value : JSON.stringify(value)}`;
}

function snakeCase(name: string): string {
  return name
    .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replaceAll(/[^a-z0-9_]/g, '_')
    .slice(0, 50);
}

/** Of control characters, a terminal would obey some, and journalctl shows no line at all that has one. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const isCut = text.length > MOST_CHARACTERS;
  return printableLines(isCut ? `${text.slice(0, MOST_CHARACTERS)}…` : text);
}

function isLevel(value: unknown): value is LogLevel {
  return typeof value === 'string' && Object.hasOwn(LEVELS, value);
}
