// Opens the labs of the configuration.
import type { Logger } from 'pino';
import type { LabConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { Clock } from '../core/time.ts';
import type { CircuitOptions } from '../engine/circuit.ts';
import { createLavaClient } from '../lava/client.ts';
import type { Inventory } from '../lava/inventory.ts';
import { createLab, type Lab } from './lab.ts';

interface LabParts {
  log: Logger;
  now: Clock;
  signal: AbortSignal;
  /** The lab of that name is back. */
  onUp: (lab: string) => void;
  /** Its LAVA said at `at` (ms) what devices it has. */
  onInventory: (lab: string, inventory: Inventory, at: number) => void;
  onCall: (lab: string) => CircuitOptions['onCall'];
}

/** Opens the labs, by name; their going and coming is logged once. Throws BridgeError `secret`. */
export function openLabs(labs: readonly LabConfig[], parts: LabParts): Map<string, Lab> {
  return new Map(labs.map((lab) => [lab.name, openLab(lab, parts)]));
}

function openLab(lab: LabConfig, { log, now, signal, onUp, onInventory, onCall }: LabParts): Lab {
  const { url, user, token, timeout } = lab.lava;
  return createLab({
    config: lab,
    client: createLavaClient({ url, user, token: resolveSecret(token), timeoutMs: timeout, signal }),
    now,
    onCall: onCall(lab.name),
    onInventory: (inventory, at) => onInventory(lab.name, inventory, at),
    onChange: ({ status, why }) => {
      if (status === 'down') return log.warn({ lab: lab.name, why }, 'the lab is away; its jobs wait');
      log.info({ lab: lab.name }, 'the lab is back');
      return onUp(lab.name);
    },
  });
}
