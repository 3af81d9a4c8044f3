// The real lab: where it is stands in the environment (test/lab/in-lab puts it there).
import { createLavaClient, type LavaClient } from '../../src/lava/client.ts';

export interface Lab {
  url: string;
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
  const fact = (name: string): string => {
    const value = process.env[`LAVALAB_${name}`];
    if (value === undefined) throw new Error(`LAVALAB_${name} is not set; start this by test/lab/in-lab`);
    return value;
  };
  const access = { url: fact('URL'), user: fact('BRIDGE_USER'), token: fact('BRIDGE_TOKEN') };
  return {
    ...access,
    eventsUrl: fact('WS_URL'),
    callback: { name: fact('CALLBACK_TOKEN_NAME'), token: fact('CALLBACK_TOKEN') },
    files: fact('ARTIFACT_URL'),
    client: createLavaClient({ ...access, timeoutMs: 20_000 }),
  };
}
