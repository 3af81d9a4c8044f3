// Who may do what. Secrets are compared in constant time, and never shown.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are equal, in a time that reveals nothing of either. */
export function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** The token of `Authorization: Bearer …`. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
}
