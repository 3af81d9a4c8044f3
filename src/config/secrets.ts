// Secrets in the configuration: a literal, or where to find it. They are resolved once, when a part that needs them
// starts; nothing else ever holds the text, and a Secret never prints itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BridgeError, errorText } from '../core/errors.ts';

/** How the admin writes a secret: a literal, `{ env: NAME }`, `{ file: PATH }` or `{ credential: NAME }` (systemd's). */
export const SecretSource = z.union(
  [
    z.string().min(1),
    z.strictObject({ env: z.string().min(1) }),
    z.strictObject({ file: z.string().min(1) }),
    z.strictObject({ credential: z.string().regex(/^[^/]+$/) }),
  ],
  {
    error:
      'a text (with quotes if it looks like a number), or one of { env: NAME }, { file: PATH }, { credential: NAME }',
  },
);
export type SecretSource = z.infer<typeof SecretSource>;

/** Where the unit's `LoadCredential=` lines take the credentials from. */
const CREDENTIALS = '/etc/lava-bridge/secrets';

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

/** The file that a secret is read from; undefined if it is in none. */
export function secretFile(source: SecretSource, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (typeof source === 'string' || 'env' in source) return undefined;
  if ('file' in source) return source.file;
  return join(env['CREDENTIALS_DIRECTORY'] ?? CREDENTIALS, source.credential);
}

function lookUp(source: SecretSource, env: NodeJS.ProcessEnv): [text: string, place: string] {
  if (typeof source === 'string') return [source, 'the secret in the configuration'];
  if ('env' in source) return [env[source.env] ?? '', `the environment variable ${source.env}`];
  const path = secretFile(source, env) ?? '';
  return [readSecretFile(path), `the ${'file' in source ? 'file' : 'credential'} ${path}`];
}

function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BridgeError('secret', `a secret cannot be read: ${errorText(error)}`);
  }
}
