// KCIDB paths of LAVA's names. A path is a history's key, so it must come out the same from run to run, whatever else
// the run had, and no two tests of a job may share one.
import { createHash } from 'node:crypto';

/** One segment of a path: dots too are replaced, as they would make levels. Never empty. */
export function cleanSegment(name: string): string {
  return name === '' ? '_' : name.replace(/[^A-Za-z0-9_-]/gu, '_');
}

/** A path as a plan or request wrote it (`kselftest.arm64`), made valid where it is not. */
export function cleanPath(path: string): string {
  const segments = path.split('.').filter((segment) => segment !== '');
  return segments.length === 0 ? '_' : segments.map(cleanSegment).join('.');
}

/** Whether two names mean the same suite: `kselftest.arm64` and `kselftest-arm64` do. */
export function sameName(a: string, b: string): boolean {
  const plain = (name: string): string => name.replace(/[^A-Za-z0-9]/g, '_');
  return plain(a) === plain(b);
}

/**
 * A segment for each of the raw names that stand side by side. Of those that clean alike the one that needed no
 * cleaning keeps the name, each other gets the first four digits of its raw name's sha1.
 */
export function cleanSiblings(names: Iterable<string>): Map<string, string> {
  const raw = [...new Set(names)];
  const count = new Map<string, number>();
  for (const name of raw) count.set(cleanSegment(name), (count.get(cleanSegment(name)) ?? 0) + 1);
  return new Map(
    raw.map((name) => {
      const clean = cleanSegment(name);
      const keeps = clean === name || count.get(clean) === 1;
      return [name, keeps ? clean : `${clean}_${sha1(name).slice(0, 4)}`];
    }),
  );
}

/** Takes `path`, or if that is taken, one that names the test by the sha1 of `key`. */
export function takePath(taken: Set<string>, path: string, key: string): string {
  const digest = sha1(key);
  let free = path;
  for (let digits = 4; taken.has(free); digits += 4) free = `${path}_${digest.slice(0, digits)}`;
  taken.add(free);
  return free;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
