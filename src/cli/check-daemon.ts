// `lava-bridge check`: what the daemon will see, which is another user than whoever runs the check: its files, the credentials
// and the socket that systemd hands to it, room on the disk.
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { BridgeConfig } from '../config/schema.ts';
import { secretFile } from '../config/secrets.ts';
import { isListeningAt } from '../core/address.ts';
import { disksOf } from '../store/disks.ts';
import type { Add } from './check-lines.ts';
import { secretsOf } from '../config/secrets-of.ts';
import { readService, readSocket, unitsOf, type Service } from './units.ts';

/** Looks at all that the daemon needs of this machine. */
export async function checkDaemon(file: string, config: BridgeConfig, add: Add): Promise<void> {
  await checkDisks(config, add);
  const units = unitsOf(file);
  if (units === undefined) return;
  const service = await readService(units.service);
  if (service?.isDynamic) await checkReadable(file, config, add);
  if (service?.credentials !== undefined) checkCredentials(service.credentials, config, add);
  await checkSocket(units.socket, config, add);
}

function checkCredentials(
  credentials: NonNullable<Service['credentials']>,
  config: BridgeConfig,
  add: Add,
): void {
  for (const [what, source] of secretsOf(config)) {
    if (typeof source === 'string' || !('credential' in source)) continue;
    const name = source.credential;
    const own = credentials.find((one) => one.name === name);
    const folders = credentials.filter(({ path }) => existsSync(join(path, name)));
    if (own === undefined && folders.length === 0) {
      const text = `systemd hands no credential ${name} to the daemon: put the secret into /etc/lava-bridge/secrets/${name}, which the unit's LoadCredential= names`;
      add({ what, state: 'failed', text });
    } else if (own !== undefined && !existsSync(own.path)) {
      const text = `the unit's LoadCredential= names ${own.path}, which is not there; systemd will not start the daemon`;
      add({ what, state: 'failed', text });
    }
  }
}

/** The daemon does not start on a socket that listens elsewhere than the configuration says. */
async function checkSocket(name: string, { http }: BridgeConfig, add: Add): Promise<void> {
  const socket = await readSocket(name);
  if (socket === undefined || !socket.isUsed) return;
  const [address, ...more] = socket.addresses;
  if (address !== undefined && more.length === 0 && isListeningAt(address, http.listen)) return;
  const where = socket.addresses.join(' and ') || 'no address';
  const text = `${name} listens on ${where}, and http.listen is ${http.listen.host}:${http.listen.port}: make them the same (docs/install.md, "The socket")`;
  add({ what: 'http.listen', state: 'failed', text });
}

const MIB = 1024 ** 2;
const LITTLE = 1024 * MIB;
const TOO_LITTLE = 64 * MIB;

async function checkDisks(config: BridgeConfig, add: Add): Promise<void> {
  for (const { folders, free } of await disksOf(config)) {
    if (free > LITTLE) continue;
    const text = `${Math.floor(free / MIB)} MiB are free on the disk of ${folders}; new jobs wait below 256 MiB, or 5% of a small disk`;
    add({ what: 'disk', state: free > TOO_LITTLE ? 'warning' : 'failed', text });
  }
}

/** The daemon's user owns no file and is in no one's group: it reads what everyone may read. */
async function checkReadable(file: string, config: BridgeConfig, add: Add): Promise<void> {
  const say = (what: string, path: string, mode: number): void =>
    add({
      what,
      state: 'failed',
      text: `the daemon's user cannot read ${path} (mode ${(mode & 0o777).toString(8)}): chmod ${(mode | (isSearchable(mode) ? 0o055 : 0o044)).toString(8).slice(-3)} ${path}`,
    });
  for (const path of [file, config.device_types, config.plans, config.job_templates]) {
    if (path === undefined) continue;
    for (const one of await withAll(path)) {
      const found = await unreadable(one);
      if (found !== undefined) say('configuration', found.path, found.mode);
    }
  }
  for (const [what, source] of secretsOf(config)) {
    if (typeof source === 'string' || !('file' in source)) continue;
    const path = secretFile(source) ?? '';
    const found = existsSync(path) ? await unreadable(path) : undefined;
    if (found === undefined) continue;
    const text = `the daemon's user cannot read ${found.path}; make it a file of /etc/lava-bridge/secrets and write { credential: NAME }`;
    add({ what, state: 'failed', text });
  }
}

const isSearchable = (mode: number): boolean => (mode & 0o100) !== 0;

async function withAll(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return [path, ...names.map((name) => join(path, name))];
}

/** The part of a path that keeps others from reading it; undefined: nothing does. */
async function unreadable(path: string): Promise<{ path: string; mode: number } | undefined> {
  const { mode } = await stat(path);
  const needed = (await stat(path)).isDirectory() ? 5 : 4;
  if ((mode & needed) !== needed) return { path, mode };
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    const above = await stat(folder);
    if ((above.mode & 1) === 0) return { path: folder, mode: above.mode };
    if (folder === dirname(folder)) return undefined;
  }
}
