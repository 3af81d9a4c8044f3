// Opens the log store of the configuration: a directory here, or KernelCI's storage.
import { join } from 'node:path';
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { createKernelciStorage, type KernelciStorage } from './kernelci.ts';
import { createLocalStore, type LocalLogStore } from './local.ts';

/** Where logs go: exactly one of the two is there. */
export interface OpenLogs {
  local: LocalLogStore | undefined;
  remote: KernelciStorage | undefined;
  /** The URL that a path has, or will have once it was put there. */
  urlOf: (path: string) => string;
}

/** `state` is the folder for what has no place of its own in the configuration; `signal` ends all uploads. */
export function openLogStore({ storage, http }: BridgeConfig, state: string, signal?: AbortSignal): OpenLogs {
  if (storage.kind === 'local') {
    const { host, port } = http.listen;
    const publicUrl = http.public_url ?? `http://${host}:${port}`;
    const local = createLocalStore({
      directory: logFolder(storage, state),
      publicUrl,
    });
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

/** Where logs are kept here. */
export function logFolder({ path }: { path?: string | undefined }, state: string): string {
  return path ?? join(state, 'logs');
}
