// The right to do a work that one daemon at a time does, as all know it who work under one.
import { TemporaryError } from './errors.ts';

/** The right to do the work of that name, until another process has it: each time that it is taken, `fence` is higher. */
export interface Lease {
  name: string;
  /** A process. */
  holder: string;
  fence: number;
}

/** What was decided under a lease that another process has, or may have. Nothing of it is stored or sent. */
export class LostLeaseError extends TemporaryError {
  constructor(name: string) {
    super('lost_lease', `${name}: another daemon does this work now, or may`);
  }
}

/** Whether this says that a lease is lost: no fault of anything, and another goes on. */
export function isLostLease(error: unknown): boolean {
  return error instanceof TemporaryError && error.code === 'lost_lease';
}
