// Something that may fail for a while at many places at once, such as the store on a full disk: told when it begins,
// and when it is over, not each time.
import type { Logger } from 'pino';
import { errorText } from '../core/errors.ts';

export interface Outage {
  failed: (error: unknown) => void;
  worked: () => void;
}

/** `begin` and `end` are what the log says. */
export function createOutage(log: Logger, begin: string, end: string): Outage {
  let isTold = false;
  return {
    failed(error) {
      if (!isTold) log.error({ error: errorText(error) }, begin);
      isTold = true;
    },
    worked() {
      if (isTold) log.info(end);
      isTold = false;
    },
  };
}
