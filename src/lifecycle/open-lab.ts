// Opens the labs of the configuration.
import type { Logger } from 'pino';
import type { LabConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { Clock } from '../core/time.ts';
import type { CircuitOptions } from '../engine/circuit.ts';
import { createLavaClient } from '../lava/client.ts';
import { createLab, type Lab } from './lab.ts';

interface LabParts {
  log: Logger;
  now: Clock;
  signal: AbortSignal;
  /** It is back. */
  onUp: () => void;
  onCall: CircuitOptions['onCall'];
}

/** Opens a lab of the configuration; its going and coming is logged once. Throws BridgeError `secret`. */
export function openLab(lab: LabConfig, { log, now, signal, onUp, onCall }: LabParts): Lab {
  const { url, user, token, timeout } = lab.lava;
  return createLab({
    config: lab,
    client: createLavaClient({ url, user, token: resolveSecret(token), timeoutMs: timeout, signal }),
    now,
    onCall,
    onChange: ({ status, why }) => {
      if (status === 'down') return log.warn({ lab: lab.name, why }, 'the lab is away; its jobs wait');
      log.info({ lab: lab.name }, 'the lab is back');
      return onUp();
    },
  });
}
