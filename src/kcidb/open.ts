// Opens the way to KCIDB that the configuration names.
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { createKcidbClient } from './client.ts';
import { createKcidbCommand } from './command.ts';
import { createKcidbPubSub } from './pubsub.ts';
import type { KcidbSink } from './sink.ts';

/** undefined: nothing is sent to KCIDB. The signal ends what is under way. */
export function createSink({ kcidb, report }: BridgeConfig, signal?: AbortSignal): KcidbSink | undefined {
  if (kcidb === undefined || report.kcidb === 'off') return undefined;
  const timeoutMs = kcidb.timeout;
  if (kcidb.command !== undefined) return createKcidbCommand({ command: kcidb.command, timeoutMs, signal });
  if (kcidb.pubsub !== undefined) {
    const { project, topic, credentials } = kcidb.pubsub;
    return createKcidbPubSub({ project, topic, credentials, timeoutMs, signal });
  }
  if (kcidb.url === undefined || kcidb.token === undefined) return undefined;
  return createKcidbClient({ url: kcidb.url, token: resolveSecret(kcidb.token), timeoutMs, signal });
}
