// Whether what runs now may act outside, asked in the moment before each exchange, command and mail: work may be some daemon's no
// longer when it comes to that, and no server out there would know.
import { AsyncLocalStorage } from 'node:async_hooks';

/** Throws if nothing may be sent. */
export type ActingCheck = () => void;

const checks = new AsyncLocalStorage<ActingCheck>();

/** Does work that asks before it acts outside. */
export function actingUnder<T>(check: ActingCheck, work: () => Promise<T>): Promise<T> {
  return checks.run(check, work);
}

/** Throws what the check of the work throws that this belongs to; nothing for what belongs to none. */
export function mayAct(): void {
  checks.getStore()?.();
}
