// The units of systemd that start the daemon with a configuration, and what systemd says of them. Nothing is known of them where
// there is no systemd, or none that answers.
import { execFile } from 'node:child_process';
import { dirname, parse, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { DEFAULT_CONFIG } from '../config/load.ts';
import { parseJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { SECOND } from '../core/time.ts';

/** The names of a daemon's units. */
export interface Units {
  service: string;
  socket: string;
}

/** What systemd will start. */
export interface Service {
  isDynamic: boolean;
  /** Its `LoadCredential=` lines: the names, and where each is taken from. undefined: systemd cannot be asked. */
  credentials: { name: string; path: string }[] | undefined;
}

/** What holds the address of callbacks. */
export interface Socket {
  /** It listens, or will from the next boot on. */
  isUsed: boolean;
  /** Where, as systemd writes it: `127.0.0.1:8480`, `[::]:8480`, or a path. */
  addresses: string[];
}

/** The units that start the daemon with that configuration; undefined: none does. */
export function unitsOf(file: string): Units | undefined {
  const path = resolve(file);
  const { name, ext, dir } = parse(path);
  if (dir !== dirname(DEFAULT_CONFIG) || ext !== '.yaml') return undefined;
  const unit = path === DEFAULT_CONFIG ? 'lava-bridge' : `lava-bridge@${name}`;
  return { service: `${unit}.service`, socket: `${unit}.socket` };
}

/** undefined: systemd does not have it. */
export async function readService(name: string): Promise<Service | undefined> {
  const shown = await show(name, 'LoadState', 'DynamicUser');
  if (shown?.['LoadState']?.[0] !== 'loaded') return undefined;
  return { isDynamic: shown['DynamicUser']?.[0] === 'yes', credentials: await credentialsOf(name) };
}

/** undefined: systemd does not have it. */
export async function readSocket(name: string): Promise<Socket | undefined> {
  const shown = await show(name, 'LoadState', 'UnitFileState', 'ActiveState', 'Listen');
  // An instance's socket has no address of its own, and is a bad setting until it gets one.
  if (shown === undefined || !['loaded', 'bad-setting'].includes(shown['LoadState']?.[0] ?? ''))
    return undefined;
  return {
    isUsed: shown['UnitFileState']?.[0] === 'enabled' || shown['ActiveState']?.[0] === 'active',
    addresses: (shown['Listen'] ?? []).map((text) => text.replace(/ \(\w+\)$/, '')),
  };
}

/** Lets systemd read its files again; false: it did not. */
export async function reloadUnits(): Promise<boolean> {
  return (await ask('systemctl', 'daemon-reload')) !== undefined;
}

/** A unit's properties; one may have several values. */
async function show(name: string, ...properties: string[]): Promise<Record<string, string[]> | undefined> {
  const said = await ask('systemctl', 'show', name, `--property=${properties.join()}`);
  if (said === undefined) return undefined;
  const found: Record<string, string[]> = {};
  for (const [, property = '', value = ''] of said.matchAll(/^(\w+)=(.*)$/gm))
    (found[property] ??= []).push(value);
  return found;
}

/** busctl's JSON of a property of type `a(ss)`. */
const Pairs = z.object({ data: z.array(z.tuple([z.string(), z.string()])) });

/** systemctl cannot print this property. */
async function credentialsOf(name: string): Promise<Service['credentials']> {
  const said = await ask(
    'busctl',
    '--json=short',
    'get-property',
    'org.freedesktop.systemd1',
    `/org/freedesktop/systemd1/unit/${busName(name)}`,
    'org.freedesktop.systemd1.Service',
    'LoadCredential',
    'LoadCredentialEncrypted',
  );
  if (said === undefined) return undefined;
  return said
    .trim()
    .split('\n')
    .flatMap((line) => Pairs.parse(parseJson(line, PARSE_LIMITS.answer)).data)
    .map(([credential, path]) => ({ name: credential, path }));
}

/** As the bus writes a unit's name in a path: all but ASCII letters and digits as two hexadecimal digits for each byte. */
function busName(unit: string): string {
  return [...Buffer.from(unit)]
    .map((byte) => {
      const char = String.fromCodePoint(byte);
      return /[A-Za-z0-9]/.test(char) ? char : `_${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

async function ask(command: string, ...args: string[]): Promise<string | undefined> {
  const answer = await promisify(execFile)(command, args, { timeout: 10 * SECOND }).catch(() => undefined);
  return answer?.stdout;
}
