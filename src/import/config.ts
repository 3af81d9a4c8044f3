// The lava-bridge.yaml of an import of KernelCI's configuration.
import type { z } from 'zod';
import { isLoopback } from '../core/address.ts';
import { BridgeError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { BridgeConfig } from '../config/schema.ts';
import type { Importing } from './context.ts';
import type { Lab } from './runtimes.ts';
import { Api, Storage } from './schema.ts';
import { checkEntries } from './source.ts';

export interface ConfigOptions {
  /** What is printed in LAVA job names, `[prod] …`. */
  instance: string;
  /** Which of KernelCI's APIs; undefined: `production`, if it is there. */
  api: string | undefined;
  /** Which of KernelCI's storages; undefined: `kci-storage-production`, if it is there. */
  storage: string | undefined;
  /** Where LAVA reaches the bridge. */
  callbackBase: string | undefined;
}

const DEFAULT_API = 'production';
const DEFAULT_STORAGE = 'kci-storage-production';
/** The bridge's own address if nothing is said; good for a LAVA on the same machine. */
const DEFAULT_BASE = 'http://127.0.0.1:8480';

const API_TOKEN = 'KCI_API_TOKEN';
const STORAGE_TOKEN = 'KCI_STORAGE_TOKEN';

export interface ImportedConfig {
  value: z.input<typeof BridgeConfig>;
  /** Where builds' files lie. */
  filesUrl: string;
  todo: string[];
}

/** Throws BridgeError `unknown_name` for an API or a storage that was asked for and is not there, `bad_option` for an
 * option that the configuration cannot hold. */
export function bridgeConfig(
  importing: Importing,
  labs: readonly Lab[],
  { instance, api, storage, callbackBase }: ConfigOptions,
): ImportedConfig {
  const maestro = chosen(importing, 'api', Api, api, DEFAULT_API);
  const files = chosen(importing, 'storage', Storage, storage, DEFAULT_STORAGE);
  const storageName = storage ?? DEFAULT_STORAGE;
  const upload = uploadOf(files);
  if (labs.length === 0) throw new BridgeError('no_labs', 'no runtime of that configuration is a LAVA lab');
  const base = trimmed(callbackBase ?? DEFAULT_BASE);
  const filesUrl = trimmed(files?.base_url ?? 'https://files.kernelci.org');
  // All on one machine: its own files are to be had, and no others but public ones.
  const isOwnMachine = [base, filesUrl, upload?.url ?? ''].some(isOnLoopback);
  const networks = isOwnMachine ? ['public', 'loopback'] : ['public'];
  const config: ImportedConfig = {
    value: {
      instance,
      ...(maestro === undefined ? {} : { maestro: { url: trimmed(maestro.url), token: { env: API_TOKEN } } }),
      labs: labs.map(({ entry }) => entry),
      report: { kcidb: 'off', maestro: 'hierarchy' },
      storage:
        upload === undefined
          ? { kind: 'local' }
          : { kind: 'kernelci-storage', ...upload, token: { env: STORAGE_TOKEN } },
      ...(upload === undefined ? {} : { uploads: { url: filesUrl, token_name: `${storageName}-token` } }),
      http: { public_url: base },
      fetch: { networks },
      metadata: { api_config_name: api ?? DEFAULT_API, storage_config_name: storageName },
      device_types: 'device-types',
      plans: 'plans',
    },
    filesUrl,
    todo: [
      `the environment, with the secrets: ${secretNames(labs, maestro !== undefined, upload !== undefined).join(', ')}`,
      ...(callbackBase === undefined
        ? [
            `http.public_url: where LAVA reaches the bridge (now ${DEFAULT_BASE}; --callback-base). While it is on this machine, fetch.networks holds loopback: take that out with it`,
          ]
        : []),
      ...(maestro === undefined ? [`maestro: the configuration has no API ${api ?? DEFAULT_API}`] : []),
      ...(upload === undefined
        ? [`storage: the configuration has no storage ${storageName} that takes uploads`]
        : []),
    ],
  };
  const parsed = BridgeConfig.safeParse(config.value);
  if (parsed.success) return config;
  const { field, text } = firstIssue(parsed.error);
  throw new BridgeError('bad_option', text, { field });
}

/** Where logs are uploaded to, and where they are read if that is elsewhere; undefined: the storage takes none. */
function uploadOf(
  storage: z.output<typeof Storage> | undefined,
): { url: string; public_url?: string } | undefined {
  if (storage?.storage_type !== 'backend') return undefined;
  const shown = trimmed(storage.base_url);
  const url = trimmed(storage.api_url ?? storage.base_url);
  return url === shown ? { url } : { url, public_url: shown };
}

function secretNames(labs: readonly Lab[], hasApi: boolean, hasStorage: boolean): string[] {
  const sources = labs.flatMap(({ entry }) => [entry.lava.token, entry.callback.token]);
  return [
    ...(hasApi ? [API_TOKEN] : []),
    ...(hasStorage ? [STORAGE_TOKEN] : []),
    ...sources.flatMap((source) => (typeof source === 'object' && 'env' in source ? [source.env] : [])),
  ];
}

function chosen<S extends z.ZodType>(
  { source }: Importing,
  section: 'api' | 'storage',
  schema: S,
  wanted: string | undefined,
  usual: string,
): z.output<S> | undefined {
  const entries = checkEntries(source.entries(section), schema, () => undefined);
  const found = entries.find(({ name }) => name === (wanted ?? usual));
  if (found === undefined && wanted !== undefined) {
    const names = entries.map(({ name }) => name).join(', ');
    throw new BridgeError(
      'unknown_name',
      `the configuration has no ${section} ${wanted}; there ${names === '' ? 'is none' : `are ${names}`}`,
    );
  }
  return found?.value;
}

/** By the name or number alone. */
function isOnLoopback(url: string): boolean {
  return URL.canParse(url) && isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}
