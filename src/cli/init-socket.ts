// `lava-bridge init`: the socket in which systemd holds LAVA's callbacks listens where the new configuration says.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Listen } from '../config/http-schema.ts';
import { hostAndPort, isListeningAt } from '../core/address.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { readSocket, reloadUnits, unitsOf } from './units.ts';

/** Where the admin's own changes of units are. */
const UNITS = '/etc/systemd/system';

/**
 * Writes a drop-in for the socket that goes with a configuration, if it is in use and listens elsewhere, and gives its name.
 * Throws BridgeError `not_written`.
 */
export async function moveSocket(file: string, listen: Listen, units = UNITS): Promise<string | undefined> {
  const name = unitsOf(file)?.socket;
  const socket = name === undefined ? undefined : await readSocket(name);
  if (name === undefined || socket === undefined || !socket.isUsed) return undefined;
  const [address, ...more] = socket.addresses;
  if (address !== undefined && more.length === 0 && isListeningAt(address, listen)) return undefined;
  const folder = join(units, `${name}.d`);
  const dropIn = join(folder, 'listen.conf');
  const text = `# http.listen of ${file}, by lava-bridge init. The empty line takes the usual address away.\n[Socket]\nListenStream=\nListenStream=${hostAndPort(listen.host, listen.port)}\n`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    writeFileSync(dropIn, text, { mode: 0o644 });
  } catch (error) {
    throw new BridgeError('not_written', `${dropIn}: ${errorText(error)}`, { cause: error });
  }
  await reloadUnits();
  return dropIn;
}
