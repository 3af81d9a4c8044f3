// The id of this bridge, by which Maestro's claims and LAVA's submissions are known as its own. It is in the store, and in a file
// next to it as well: without it, nothing that this bridge has begun would be known again after a damage.
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

const instanceFile = (file: string): string => `${file}.instance`;

/** A new instance's id: 12 hex digits. */
export function newInstance(): string {
  return randomBytes(6).toString('hex');
}

/** The id of one start of a daemon, apart from all others: 12 hex digits. */
export function newProcess(): string {
  return randomBytes(6).toString('hex');
}

/** Keeps the id of the store in this file next to it. */
export async function keepInstance(file: string, instance: string): Promise<void> {
  if (file === ':memory:' || (await keptInstance(file)) === instance) return;
  // A full disk is no reason not to start.
  await writeFile(instanceFile(file), `${instance}\n`, { mode: 0o640, flush: true }).catch(() => undefined);
}

/** The id that is next to the store in this file; undefined: there is none that can be read. */
export async function keptInstance(file: string): Promise<string | undefined> {
  const text = await readFile(instanceFile(file), 'utf8').catch(() => '');
  return /^[0-9a-f]{12}$/.exec(text.trim())?.[0];
}
