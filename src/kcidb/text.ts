// Makes values fit for KCIDB: no NUL and no half characters anywhere (PostgreSQL and the REST service refuse them), no
// null, no number that JSON lacks, no URL that is none.
import { isUri } from './formats.ts';
import { MAX_EXCERPT } from './schema.ts';

/** Text without NUL, and with U+FFFD for each half of a character that stands alone. */
export function cleanText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** Console text for reading: control characters shown as Maestro shows them, at most a log excerpt's length. */
export function cleanExcerpt(text: string): string {
  const clean = cleanText(text)
    .replaceAll('\r', '')
    .replaceAll('\x1b', '^[')
    .replace(/[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '?');
  return cutCodePoints(clean, MAX_EXCERPT);
}

/** The first `limit` code points. */
function cutCodePoints(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let units = 0;
  for (let points = 0; points < limit && units < text.length; points++) {
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, units);
}

/** What JSON can hold, without null. */
export type Json = string | number | boolean | Json[] | { [key: string]: Json };

const DEEPEST = 50;

/** Anything as KCIDB's `misc` takes it; what is nothing (null, undefined, NaN) is left out, undefined if all of it is. */
export function cleanMisc(value: unknown, depth = 0): Json | undefined {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return undefined;
  if (Array.isArray(value)) {
    return value.map((item) => cleanMisc(item, depth + 1)).filter((item) => item !== undefined);
  }
  return cleanRecord(value, depth);
}

/** As cleanMisc, for the keys of an object. */
export function cleanRecord(object: object, depth = 0): { [key: string]: Json } {
  const record: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(object)) {
    const clean = cleanMisc(value, depth + 1);
    if (clean !== undefined && key !== '__proto__') record[cleanText(key)] = clean;
  }
  return record;
}

/** The URL, with what URLs do not allow escaped; undefined if it is none. */
export function cleanUri(url: string | undefined): string | undefined {
  if (url === undefined || isUri(url)) return url;
  if (!URL.canParse(url)) return undefined;
  const escaped = new URL(url).href.replace(
    /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})/g,
    (c) => encodeURIComponent(c),
  );
  return isUri(escaped) ? escaped : undefined;
}
