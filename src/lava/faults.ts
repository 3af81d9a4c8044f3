// What LAVA's faults mean (LAVA 2023.01; the codes are the same up to 2026.07).
import { PermanentError, RequestError, TemporaryError, type BridgeError } from '../core/errors.ts';
import { XmlRpcFault } from './xmlrpc.ts';

/** Any uncaught exception in LAVA: a database that is away as well as an argument of the wrong type. */
const INTERNAL = -32603;
const NO_SUCH_METHOD = -32601;

/** LAVA's words for "you called me wrongly": the same call will fail again. A KeyError's text is the key alone. */
const CALLED_WRONGLY =
  /positional argument|keyword argument|expected a number but got|: '\w+'$|in "<unicode string>", line \d+/;

/** The error that a fault of a call about the job (or thing) `what` stands for. Anything else is given back. */
export function explainFault(error: unknown, what: string): unknown {
  if (!(error instanceof XmlRpcFault)) return error;
  const text = `${what}: LAVA says: ${error.faultString} (fault ${error.faultCode})`;
  const cause = { cause: error };
  switch (error.faultCode) {
    case 400:
      return new RequestError('lava_refused', text, cause);
    case 401:
      return /authentication/i.test(error.faultString)
        ? new PermanentError('lava_auth', `${text}; check user and token`, cause)
        : new PermanentError('lava_forbidden', text, cause);
    case 403:
      return new PermanentError('lava_forbidden', text, cause);
    case 404:
      return new PermanentError('lava_not_found', text, cause);
    case INTERNAL:
      return internal(error, text);
    case NO_SUCH_METHOD:
      return new PermanentError('lava_version', `${text}; the bridge needs LAVA 2023.01 or newer`, cause);
    default:
      return new PermanentError('lava_fault', text, cause);
  }
}

function internal(fault: XmlRpcFault, text: string): BridgeError {
  return CALLED_WRONGLY.test(fault.faultString)
    ? new RequestError('lava_refused', text, { cause: fault })
    : new TemporaryError('lava_internal', text, { cause: fault });
}
