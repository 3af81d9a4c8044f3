// What a test asserts of an error: its code, not its words.
import { BridgeError } from '../../src/core/errors.ts';
import type { ErrorCode } from '../../src/core/error-codes.ts';

/** The code of the error that the work throws; undefined if it throws none. */
export function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof BridgeError) return error.code;
    throw error;
  }
}
