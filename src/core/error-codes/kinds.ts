// What the catalogue says of an error code.

/**
 * Whether the same call may succeed later: `temporary` passes by itself and is tried again; `auth` concerns everything
 * that goes to the same system, until an admin has fixed the token; `permanent` will be refused again.
 */
export type ErrorKind = 'temporary' | 'auth' | 'permanent';

/** One row of the catalogue. The texts are for the admin and stand in docs/errors.md. */
export interface ErrorInfo<K extends ErrorKind = ErrorKind> {
  kind: K;
  meaning: string;
  action: string;
  /** The HTTP status with which it leaves by the API; undefined: it never does. */
  http: number | undefined;
}

/** Passes by itself. */
export function temporary(meaning: string, action: string): ErrorInfo<'temporary'> {
  return { kind: 'temporary', meaning, action, http: undefined };
}

/** Our token or key is refused. */
export function auth(meaning: string, action: string): ErrorInfo<'auth'> {
  return { kind: 'auth', meaning, action, http: undefined };
}

/** Will be refused again. */
export function permanent(meaning: string, action: string): ErrorInfo<'permanent'> {
  return { kind: 'permanent', meaning, action, http: undefined };
}

/** A request that cannot be run: its job ends as rejected, and a pushed one is answered with 422. */
export function refusal(meaning: string, action: string): ErrorInfo<'permanent'> {
  return { kind: 'permanent', meaning, action, http: 422 };
}

/** An answer of our own HTTP interface. */
export function answer(http: number, meaning: string, action: string): ErrorInfo<'permanent'> {
  return { kind: 'permanent', meaning, action, http };
}
