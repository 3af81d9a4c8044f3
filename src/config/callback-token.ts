// The token that a lab's LAVA calls back with.
import { BridgeError } from '../core/errors.ts';
import type { LabConfig } from './schema.ts';
import { resolveSecret } from './secrets.ts';

/**
 * The text of the token. Throws BridgeError `secret` if it cannot be read, or is the same text as its name: every
 * definition names it, so anybody could read it.
 */
export function resolveCallbackToken({ name, callback }: Pick<LabConfig, 'name' | 'callback'>): string {
  const token = resolveSecret(callback.token);
  if (token === callback.token_name) {
    throw new BridgeError(
      'secret',
      `labs: ${name}: callback.token is the same text as callback.token_name, which stands in every definition; give the token in LAVA a name of its own`,
    );
  }
  return token;
}
