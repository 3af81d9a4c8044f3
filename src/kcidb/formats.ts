// The text formats of KCIDB's schema, as kcidb-io checks them (kcidb-io abstract.py: jsonschema with its format
// checker). Its patterns are Python's, where `$` also matches before a final line break.

const text = String.raw`[^\0]*`;
const ends = String.raw`\n?$`;

/** The formats of KCIDB's schema as regular expressions. */
export const PATTERNS = {
  origin: new RegExp(`^[a-z0-9_]+${ends}`),
  id: new RegExp(`^[a-z0-9_]+:${text}$`),
  text: new RegExp(`^${text}$`),
  path: new RegExp(String.raw`^(?:[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*)?${ends}`),
  sha1: new RegExp(`^[0-9a-f]{40}${ends}`),
  patchset: new RegExp(`^(?:[0-9a-f]{64})?${ends}`),
  architecture: new RegExp(`^[a-z0-9_]*${ends}`),
  compatible: new RegExp(String.raw`^[^ \0]+(?:,[^ \0]+)*$`),
  fileName: /^[^/\0]+$/,
  httpsUrl: new RegExp(`^https://${text}$`),
} as const;

const DATE_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** RFC 3339 with `T` and a zone, a day that the calendar has, and no leap second. */
export function isDateTime(value: string): boolean {
  const [, year = '', month = '', day = ''] = DATE_TIME.exec(value) ?? [];
  if (Number(year) < 1 || Number(day) < 1) return false;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

const PCHAR = String.raw`(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})`;
const USER = String.raw`(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*`;
const HOST = String.raw`(?:\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)`;
const PATH = `(?:/${PCHAR}*)*`;
const ROOTLESS = `${PCHAR}+${PATH}`;
const URI = new RegExp(
  `^[A-Za-z][A-Za-z0-9+.-]*:(?://(?:${USER}@)?${HOST}(?::[0-9]*)?${PATH}|/(?:${ROOTLESS})?|${ROOTLESS}|)` +
    `(?:\\?(?:${PCHAR}|[/?])*)?(?:#(?:${PCHAR}|[/?])*)?$`,
);

/** An absolute URI by RFC 3986: no space, nothing beyond ASCII, no bare `%` or `|`. */
export function isUri(value: string): boolean {
  return URI.test(value);
}

/** All that kcidb-io asks of an e-mail address. */
export function isEmail(value: string): boolean {
  return value.includes('@');
}

/** Whether a text has at most `limit` code points, as Python counts. */
export function fitsCodePoints(value: string, limit: number): boolean {
  if (value.length <= limit) return true;
  const pairs = value.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0;
  return value.length - pairs <= limit;
}
