// Something that may fail for a while at many places at once, such as the store on a full disk: logged when it begins
// and when it is over, not each time.
import type { Logger } from 'pino';
import { errorText } from '../core/errors.ts';

/** Where failures and successes of one thing are reported to; only the changes are logged. */
export interface Outage {
  failed: (error: unknown) => void;
  worked: () => void;
}

/** `begin` and `end` are what the log says; `explain` puts a failure into words. */
export function createOutage(
  log: Logger,
  begin: string,
  end: string,
  explain: (error: unknown) => string = errorText,
): Outage {
  let isLogged = false;
  return {
    failed(error) {
      if (!isLogged) log.error({ error: errorText(error) }, `${begin}: ${explain(error)}`);
      isLogged = true;
    },
    worked() {
      if (isLogged) log.info(end);
      isLogged = false;
    },
  };
}
