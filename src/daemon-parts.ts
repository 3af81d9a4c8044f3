// What the daemon opens by its configuration.
import { BridgeError } from './core/errors.ts';
import { isPostgresUrl, POSTGRES_URL } from './config/postgres-url.ts';
import type { BridgeConfig } from './config/schema.ts';
import { resolveSecret } from './config/secrets.ts';
import type { Circuit } from './engine/circuit.ts';
import type { MaestroAccess } from './maestro/answers.ts';
import { createMaestroClient, type MaestroClient } from './maestro/client.ts';
import type { StorePlace } from './store/index.ts';

/** Where the state is. Throws BridgeError `secret`. */
export function storeOf({ store }: Pick<BridgeConfig, 'store'>): StorePlace {
  if ('sqlite' in store) return { sqlite: store.sqlite };
  const url = resolveSecret(store.postgres);
  if (isPostgresUrl(url)) return { postgres: url };
  throw new BridgeError('secret', `store.postgres holds no address of a database: ${POSTGRES_URL}`);
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
