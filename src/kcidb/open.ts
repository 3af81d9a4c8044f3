// Opens the way to KCIDB that the configuration, or the environment variable KCIDB_REST, names.
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { createKcidbClient, parseKcidbRest } from './client.ts';
import { createKcidbCommand } from './command.ts';
import { createKcidbPubSub } from './pubsub.ts';
import type { KcidbSink } from './sink.ts';

const DEFAULT_TIMEOUT = 60_000;

/**
 * undefined: nothing is sent to KCIDB. The signal ends what is under way. As in KernelCI's own tools (kci-dev
 * libs/kcidb.py, kcidb __init__.py) a KCIDB_REST that is set stands above the configuration.
 */
export function openSink(
  { kcidb, report }: { kcidb?: BridgeConfig['kcidb']; report: Pick<BridgeConfig['report'], 'kcidb'> },
  signal?: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): KcidbSink | undefined {
  if (report.kcidb === 'off') return undefined;
  const timeoutMs = kcidb?.timeout ?? DEFAULT_TIMEOUT;
  const rest = restOf(kcidb, env);
  if (rest !== undefined) {
    const client = createKcidbClient({ ...parseKcidbRest(rest.text), timeoutMs, signal });
    return rest.isEnvironment
      ? { ...client, check: async () => `${await client.check()}${OVERRIDING}` }
      : client;
  }
  if (kcidb === undefined) return undefined;
  if (kcidb.command !== undefined) return createKcidbCommand({ command: kcidb.command, timeoutMs, signal });
  if (kcidb.pubsub !== undefined) {
    const { project, topic, credentials } = kcidb.pubsub;
    return createKcidbPubSub({ project, topic, credentials, timeoutMs, signal });
  }
  if (kcidb.url === undefined || kcidb.token === undefined) return undefined;
  return createKcidbClient({ url: kcidb.url, token: resolveSecret(kcidb.token), timeoutMs, signal });
}

const OVERRIDING = ' (by KCIDB_REST of the environment, which stands above the configuration)';

function restOf(
  kcidb: BridgeConfig['kcidb'],
  env: NodeJS.ProcessEnv,
): { text: string; isEnvironment: boolean } | undefined {
  const rest = env['KCIDB_REST'];
  if (rest !== undefined && rest !== '') return { text: rest, isEnvironment: true };
  return kcidb?.rest === undefined ? undefined : { text: resolveSecret(kcidb.rest), isEnvironment: false };
}
