// What the daemon opens by its configuration.
import { RequestError } from './core/errors.ts';
import type { BridgeConfig } from './config/schema.ts';
import { resolveSecret } from './config/secrets.ts';
import type { Circuit } from './engine/circuit.ts';
import type { MaestroAccess } from './maestro/answers.ts';
import { createMaestroClient, type MaestroClient } from './maestro/client.ts';

/** Where the state lies. Throws RequestError for a database that is not supported yet. */
export function storeOf(config: BridgeConfig): { sqlite: string } {
  if ('sqlite' in config.store) return config.store;
  throw new RequestError('store', 'store.postgres: not yet; use sqlite: PATH');
}

/** Maestro's client; undefined: none is configured. Throws BridgeError `secret`. */
export function maestroOf(
  { maestro }: BridgeConfig,
  calls: Pick<MaestroAccess, 'signal' | 'onCall'>,
): MaestroClient | undefined {
  if (maestro === undefined) return undefined;
  const { url, token, timeout } = maestro;
  return createMaestroClient({ url, token: resolveSecret(token), timeoutMs: timeout, ...calls });
}

/** The stages share the outbox's circuit: while Maestro is away, no job waits for its time-out. */
export function guarded(
  maestro: MaestroClient,
  { run }: Circuit,
): Pick<MaestroClient, 'getNode' | 'updateNode'> {
  return {
    getNode: (...args) => run(() => maestro.getNode(...args)),
    updateNode: (...args) => run(() => maestro.updateNode(...args)),
  };
}
