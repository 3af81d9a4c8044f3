// The catalogue of errors: every code that the bridge shows, with what it means, what to do, and whether it passes. A new
// code is a new row. docs/errors.md is made from it (`npm run docs`).
import { FILE_ERRORS } from './error-codes/files.ts';
import type { ErrorInfo } from './error-codes/kinds.ts';
import { PROGRAM_ERRORS } from './error-codes/program.ts';
import { REQUEST_ERRORS } from './error-codes/requests.ts';
import { SYSTEM_ERRORS } from './error-codes/systems.ts';

const CATALOGUE = { ...REQUEST_ERRORS, ...SYSTEM_ERRORS, ...FILE_ERRORS, ...PROGRAM_ERRORS };

/** A code of the catalogue: stable, for programs. */
export type ErrorCode = keyof typeof CATALOGUE;

/** The codes by what they are about. */
export const ERROR_GROUPS: readonly { title: string; codes: readonly ErrorCode[] }[] = [
  { title: 'Requests that cannot be run', codes: codesOf(REQUEST_ERRORS) },
  { title: 'Maestro, LAVA, KCIDB, storage', codes: codesOf(SYSTEM_ERRORS) },
  { title: 'Files and texts that are read', codes: codesOf(FILE_ERRORS) },
  { title: 'The program, its store and its API', codes: codesOf(PROGRAM_ERRORS) },
];

function codesOf(group: object): ErrorCode[] {
  return Object.keys(group).filter(isErrorCode);
}

type CodeOfKind<K> = {
  [C in ErrorCode]: (typeof CATALOGUE)[C] extends ErrorInfo<infer Kind>
    ? Kind extends K
      ? C
      : never
    : never;
}[ErrorCode];

/** Codes of what passes by itself. */
export type TemporaryCode = CodeOfKind<'temporary'>;
/** Codes of credentials that are refused. */
export type AuthCode = CodeOfKind<'auth'>;
/** Codes of what will be refused again. */
export type PermanentCode = CodeOfKind<'permanent'>;

/** What the catalogue says of a code. */
export function errorInfo(code: ErrorCode): ErrorInfo {
  return CATALOGUE[code];
}

/** Whether a word is a code of the catalogue; for codes that come from templates. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(CATALOGUE, word);
}

/** Whether the code says that credentials were refused: that concerns all that goes to the same system. */
export function isAuthCode(code: ErrorCode): code is AuthCode {
  return errorInfo(code).kind === 'auth';
}

/** Whether the code says that the same call will be refused again. */
export function isPermanentCode(code: ErrorCode): code is PermanentCode {
  return errorInfo(code).kind === 'permanent';
}
