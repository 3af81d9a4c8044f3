// A database that is not the one that the daemon began with, though its address is.
import { BridgeError } from '../core/errors.ts';

const CODE = 'other_database';

/** For what was to be done with it. */
export function otherDatabase(): BridgeError {
  return new BridgeError(
    CODE,
    'it is not the one that the daemon began with: a standby took over, or it was restored. The daemon ends, to be started again and to search for what it lacks',
  );
}

/** Whether that is why something failed. */
export function isOtherDatabase(error: unknown): boolean {
  return error instanceof BridgeError && error.code === CODE;
}
