// The real lab, as the environment names it.
import { createLavaClient, type LavaClient } from '../../src/lava/client.ts';
import { labFact } from '../lab/environment.ts';

export interface Lab {
  url: string;
  /** LAVA's, as its package is called. */
  version: string;
  eventsUrl: string;
  user: string;
  token: string;
  callback: { name: string; token: string };
  /** Where kernels and initramfs are served. */
  files: string;
  client: LavaClient;
}

/** Throws if the environment names no lab. */
export function labOfEnvironment(): Lab {
  const access = { url: labFact('URL'), user: labFact('BRIDGE_USER'), token: labFact('BRIDGE_TOKEN') };
  return {
    ...access,
    version: labFact('VERSION'),
    eventsUrl: labFact('WS_URL'),
    callback: { name: labFact('CALLBACK_TOKEN_NAME'), token: labFact('CALLBACK_TOKEN') },
    files: labFact('ARTIFACT_URL'),
    client: createLavaClient({ ...access, timeoutMs: 20_000 }),
  };
}

/** Cancels what LAVA still has of these nodes, so that no device stays busy for nothing. */
export async function cancelAll({ client }: Lab, nodes: Iterable<string>): Promise<void> {
  for (const node of nodes) {
    for (const id of (await client.findByMark(node)).ids) await client.cancel(id);
  }
}
