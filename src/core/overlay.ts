// Shipped files that the admin may replace one by one: a file in their directory stands in place of the shipped one of
// the same relative path.
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ConfigError, errorText } from './errors.ts';

/** Two directories of which the second replaces files of the first. */
export interface OverlayDirs {
  /** The directory that comes with the program. */
  shipped?: string | undefined;
  /** The admin's own. */
  own?: string | undefined;
}

export interface OverlayFile {
  /** Path below its directory, with `/`. */
  name: string;
  path: string;
  own: boolean;
}

/**
 * The files with that extension (`.yaml`) in both directories, folders included, sorted by name. Hidden files are
 * left out. Throws ConfigError when a directory cannot be read.
 */
export async function overlayFiles(dirs: OverlayDirs, extension: string): Promise<OverlayFile[]> {
  const found = new Map<string, OverlayFile>();
  for (const own of [false, true]) {
    const directory = own ? dirs.own : dirs.shipped;
    if (directory === undefined) continue;
    for (const name of await list(directory, extension)) {
      found.set(name, { name, path: join(directory, name), own });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Files that people keep with others, and that are not meant to be read. */
const NOTES = /^(?:README|LICENSE|schema\.json$)|\.md$/i;

/** The files in the admin's directory that overlayFiles does not take, such as `x.yml`; sorted. Hidden ones are left out. */
export async function ignoredFiles({ own }: OverlayDirs, extension: string): Promise<string[]> {
  if (own === undefined) return [];
  const all = await list(own, '');
  return all
    .filter((name) => !name.endsWith(extension) && !NOTES.test(name.split('/').at(-1) ?? ''))
    .map((name) => join(own, name))
    .toSorted();
}

async function list(directory: string, extension: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter(
        (e) => (e.isFile() || e.isSymbolicLink()) && e.name.endsWith(extension) && !e.name.startsWith('.'),
      )
      .map((e) => relative(directory, join(e.parentPath, e.name)).split(sep).join('/'));
  } catch (error) {
    throw new ConfigError([
      { code: 'unreadable', file: directory, message: `cannot be read: ${errorText(error)}` },
    ]);
  }
}
