// Opens the log store of the configuration: files that are kept here, or KernelCI's storage.
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { folderFiles } from './folder.ts';
import type { FileKeeper } from './kept-files.ts';
import { createKernelciStorage, type KernelciStorage } from './kernelci.ts';
import { createLocalStore, type LocalLogStore } from './local.ts';

/** Where logs go: exactly one of the two is there. */
export interface OpenLogs {
  local: LocalLogStore | undefined;
  remote: KernelciStorage | undefined;
  /** The URL that a path has, or will have once it was put there. */
  urlOf: (path: string) => string;
}

/** `keeper` has what has no folder of its own in the configuration; `signal` ends all uploads. */
export function openLogStore(
  { storage, http }: BridgeConfig,
  keeper: FileKeeper,
  signal?: AbortSignal,
): OpenLogs {
  if (storage.kind === 'local') {
    const { host, port } = http.listen;
    const publicUrl = http.public_url ?? `http://${host}:${port}`;
    const files = storage.path === undefined ? keeper.files('logs') : folderFiles(storage.path);
    const local = createLocalStore({ files, publicUrl });
    return { local, remote: undefined, urlOf: (path) => `${publicUrl}/logs/${path}` };
  }
  const base = storage.public_url ?? storage.url;
  const remote = createKernelciStorage({
    url: storage.url,
    token: resolveSecret(storage.token),
    prefix: storage.prefix,
    publicUrl: base,
    timeoutMs: storage.timeout,
    signal,
  });
  return {
    local: undefined,
    remote,
    urlOf: remote.urlOf,
  };
}
