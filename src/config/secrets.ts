// Secrets in the configuration: a literal, or where to find it. They are resolved once, when a part that needs them
// starts; nothing else ever holds the text, and a Secret never prints itself.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BridgeError, errorText } from '../core/errors.ts';
import { HttpUrl } from './values.ts';

/** Where a secret may be. */
const PLACES = [
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ credential: z.string().regex(/^[^/]+$/) }),
] as const;
const PLACE_WORDS = 'one of { env: NAME }, { file: PATH }, { credential: NAME }';

/** How the admin writes a secret: a literal, `{ env: NAME }`, `{ file: PATH }` or `{ credential: NAME }` (systemd's). */
export const SecretSource = z.union([z.string().min(1), ...PLACES], {
  error: `a text (with quotes if it looks like a number), or ${PLACE_WORDS}`,
});
export type SecretSource = z.infer<typeof SecretSource>;

/** The same for an address that may be a secret, as those are by which anybody may post to a chat. */
export const SecretUrl = z.union([HttpUrl, ...PLACES], {
  error: `an http or https URL without user and password, or ${PLACE_WORDS}`,
});

/** The folder whose files systemd hands to the daemon, and the name that they then begin with (the unit's `LoadCredential=`). */
const CREDENTIALS = { folder: '/etc/lava-bridge/secrets', prefix: 'secrets_' };

/**
 * The text of a secret. systemd hands its credentials to the daemon alone; a command that the admin starts by hand reads
 * them where systemd does. Throws BridgeError `secret` saying where it was looked for, never what was found.
 */
export function resolveSecret(source: SecretSource, env: NodeJS.ProcessEnv = process.env): string {
  const [text, place] = lookUp(source, env);
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new BridgeError('secret', `${place} is empty`);
  return secret;
}

/** The address of `key` in the configuration. Throws BridgeError `secret` if it cannot be found, or is none. */
export function resolveUrl(key: string, source: z.infer<typeof SecretUrl>): string {
  const { data } = HttpUrl.safeParse(resolveSecret(source));
  if (data === undefined)
    throw new BridgeError('secret', `${key} is not an http or https URL without user and password`);
  return data;
}

/** The file that a secret is read from; undefined if it is in none. */
export function secretFile(source: SecretSource, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (typeof source === 'string' || 'env' in source) return undefined;
  if ('file' in source) return source.file;
  const handed = env['CREDENTIALS_DIRECTORY'];
  if (handed === undefined) return join(CREDENTIALS.folder, source.credential);
  const own = join(handed, source.credential);
  return existsSync(own) ? own : join(handed, CREDENTIALS.prefix + source.credential);
}

function lookUp(source: SecretSource, env: NodeJS.ProcessEnv): [text: string, place: string] {
  if (typeof source === 'string') return [source, 'the secret in the configuration'];
  if ('env' in source) return [env[source.env] ?? '', `the environment variable ${source.env}`];
  const path = secretFile(source, env) ?? '';
  if ('credential' in source && !existsSync(path)) {
    throw new BridgeError(
      'secret',
      `there is no credential ${source.credential}: put it into the file ${join(CREDENTIALS.folder, source.credential)} (and restart the daemon)`,
    );
  }
  return [readSecretFile(path), `the ${'file' in source ? 'file' : 'credential'} ${path}`];
}

function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BridgeError('secret', `a secret cannot be read: ${errorText(error)}`);
  }
}
