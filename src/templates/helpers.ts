// The functions that templates may call. Each gives one value; none sees more than its arguments.
import { isErrorCode, isPermanentCode } from '../core/error-codes.ts';
import { RequestError } from '../core/errors.ts';
import { shellQuote } from './shell.ts';

export interface Helper {
  /** How many arguments it takes. */
  min: number;
  max: number;
  /** Whether its arguments may be variables that are not there (they read as undefined). */
  lenient?: boolean;
  /** `literal[i]` says whether the template's author wrote argument i as a literal. */
  call: (args: readonly unknown[], literal: readonly boolean[]) => unknown;
}

const MANY = 100;

export const HELPERS: ReadonlyMap<string, Helper> = new Map<string, Helper>(
  Object.entries({
    /** All arguments as one text. */
    concat: { min: 1, max: MANY, call: (args) => args.map(asText).join('') },
    /** A shell command: what is literal is the command, everything else is one quoted word (a list: a word each). */
    sh: {
      min: 1,
      max: MANY,
      call: (args, literal) =>
        args.map((arg, i) => (literal[i] === true ? asText(arg) : shellWords(arg))).join(''),
    },
    join: { min: 2, max: 2, call: ([list, separator]) => asList(list).map(asText).join(asText(separator)) },
    list: { min: 0, max: MANY, call: (args) => [...args] },
    eq: { min: 2, max: 2, call: ([a, b]) => a === b },
    ne: { min: 2, max: 2, call: ([a, b]) => a !== b },
    and: { min: 1, max: MANY, call: (args) => args.every(isTruthy) },
    or: { min: 1, max: MANY, call: (args) => args.some(isTruthy) },
    not: { min: 1, max: 1, call: ([a]) => !isTruthy(a) },
    /** Whether the first argument is one of the others, or of the items in them. */
    in: { min: 2, max: MANY, call: ([value, ...rest]) => rest.flat().includes(value) },
    /** The second value if the first is true, else the third. */
    choose: { min: 3, max: 3, call: ([test, yes, no]) => (isTruthy(test) ? yes : no) },
    /** Whether a variable is there and not null. */
    given: { min: 1, max: 1, lenient: true, call: ([value]) => value !== undefined && value !== null },
    /** The first of its arguments that is there and not null. */
    default: {
      min: 2,
      max: MANY,
      lenient: true,
      call: (args) => args.find((arg) => arg !== undefined && arg !== null),
    },
    lookup: {
      min: 2,
      max: 2,
      call: ([from, key]) => {
        const name = asText(key);
        if (typeof from === 'object' && from !== null && Object.hasOwn(from, name)) {
          return (from as Record<string, unknown>)[name];
        }
        throw new Error(`there is no ${JSON.stringify(name)} in it`);
      },
    },
    max: { min: 2, max: MANY, call: (args) => Math.max(...args.map(asNumber)) },
    min: { min: 2, max: MANY, call: (args) => Math.min(...args.map(asNumber)) },
    subtract: { min: 2, max: 2, call: ([a, b]) => asNumber(a) - asNumber(b) },
    /** Whether a number is there and not below another. */
    ge: { min: 2, max: 2, call: ([a, b]) => a !== null && asNumber(a) >= asNumber(b) },
    add: { min: 2, max: MANY, call: (args) => args.map(asNumber).reduce((a, b) => a + b, 0) },
    starts_with: { min: 2, max: 2, call: ([text, start]) => asText(text).startsWith(asText(start)) },
    ends_with: { min: 2, max: 2, call: ([text, end]) => asText(text).endsWith(asText(end)) },
    /** The last part of a URL's path. */
    basename: {
      min: 1,
      max: 1,
      call: ([url]) =>
        asText(url)
          .replace(/[?#].*$/s, '')
          .split('/')
          .at(-1),
    },
    /** Seconds as LAVA writes a time-out. */
    duration: { min: 1, max: 1, call: ([seconds]) => lavaDuration(asNumber(seconds)) },
    /** A value that must be there: it, its name, and the field of the request where it is missing. */
    required: {
      min: 3,
      max: 3,
      lenient: true,
      call: ([value, name, field]) => {
        if (value !== undefined && value !== null && value !== '') return value;
        throw new RequestError('missing_parameter', `${asText(field)}: ${asText(name)} is missing`, {
          field: asText(field),
        });
      },
    },
    /** Refuses the request: code (of the catalogue, or the admin's own), message, and the field that is at fault. */
    refuse: {
      min: 2,
      max: 3,
      call: ([code, message, field]) => {
        const word = asText(code);
        const options = { field: field === undefined ? undefined : asText(field) };
        if (isErrorCode(word) && isPermanentCode(word))
          throw new RequestError(word, asText(message), options);
        throw new RequestError('refused_by_template', `${word}: ${asText(message)}`, options);
      },
    },
  } satisfies Record<string, Helper>),
);

/** What `#if` takes as true: everything but false, null, 0, an empty text and an empty list. */
export function isTruthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** `{minutes: 10}` for 600 seconds, `{seconds: 90}` for 90. */
function lavaDuration(seconds: number): { minutes: number } | { seconds: number } {
  const whole = Math.max(1, Math.ceil(seconds));
  return whole % 60 === 0 ? { minutes: whole / 60 } : { seconds: whole };
}

function shellWords(value: unknown): string {
  return Array.isArray(value) ? value.map((v) => shellQuote(asText(v))).join(' ') : shellQuote(asText(value));
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`a text or a number is needed, not ${kind(value)}`);
}

function asNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  // A request's parameters are texts.
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw new Error(`a number is needed, not ${kind(value)}`);
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`a list is needed, not ${kind(value)}`);
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
