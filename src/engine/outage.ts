// Something that may fail for a while at many places at once, such as the store on a full disk: logged when it begins
// and when it is over, not each time.
import type { Logger } from 'pino';
import { errorText } from '../core/errors.ts';
import { SECOND } from '../core/time.ts';

/** Where failures and successes of one thing are reported to; only the changes are logged. */
export interface Outage {
  failed: (error: unknown) => void;
  worked: () => void;
}

/** What fails at some places and works at others is one outage: it is over when nothing has failed for so long (ms). */
const QUIET = 10 * SECOND;

/** `begin` and `end` are what the log says; `explain` puts a failure into words; `steady` is compared with itself alone (ms). */
export function createOutage(
  log: Logger,
  begin: string,
  end: string,
  explain: (error: unknown) => string = errorText,
  steady: () => number = () => performance.now(),
): Outage {
  let isLogged = false;
  let failedAt = -Infinity;
  return {
    failed(error) {
      if (!isLogged) log.error({ error: errorText(error) }, `${begin}: ${explain(error)}`);
      isLogged = true;
      failedAt = steady();
    },
    worked() {
      if (!isLogged || steady() - failedAt < QUIET) return;
      log.info(end);
      isLogged = false;
    },
  };
}
