// Takes the configuration's secrets out of text: as they stand, and in the forms that programs make of them.
import type { BridgeConfig } from '../config/schema.ts';
import { passwordIn } from '../config/postgres-url.ts';
import { resolveSecret } from '../config/secrets.ts';
import { secretsOf } from '../config/secrets-of.ts';

/** Shorter ones would take half of the text with them; no real token is so short. */
const SHORTEST = 4;
const REMOVED = '[secret]';

/** A function that takes all secrets of the configuration out of a text. Those that cannot be read cannot be in it. */
export function secretRemover(config: BridgeConfig): (text: string) => string {
  const texts = secretsOf(config).flatMap(([, source]) => {
    try {
      return formsOf(resolveSecret(source));
    } catch {
      return [];
    }
  });
  // The longest first: one may be part of another.
  const forms = [...new Set(texts)]
    .filter((text) => text.length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length);
  return (text) => forms.reduce((rest, form) => rest.replaceAll(form, REMOVED), text);
}

function formsOf(secret: string): string[] {
  const parts = [secret, ...secret.split('\n').filter((line) => line.length > 20)];
  // An address with a token in it (`https://TOKEN@HOST`), or a user and a password.
  const inAddress = /^(?:[a-z]+:\/\/)?([^@/\s]+)@/.exec(secret)?.[1];
  if (inAddress !== undefined) parts.push(inAddress, ...inAddress.split(':').slice(1));
  const password = passwordIn(secret);
  if (password !== undefined) parts.push(password, decoded(password));
  return parts.flatMap((text) => [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    ...[0, 1, 2].map((shift) => base64Of(text, shift)),
  ]);
}

/** As the database gets it. */
function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password; // No encoding, so that it is used as it is.
  }
}

/** What is the same of the text in base64, whatever stands before it (`user:TOKEN`). */
function base64Of(text: string, shift: number): string {
  const encoded = Buffer.from('x'.repeat(shift) + text).toString('base64');
  const from = Math.ceil((shift * 8) / 6);
  return encoded.slice(from, Math.floor(((shift + Buffer.byteLength(text)) * 8) / 6));
}
