// Opens the way to KCIDB that the configuration names.
import type { BridgeConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { createKcidbClient } from './client.ts';
import { createKcidbCommand } from './command.ts';
import { createKcidbPubSub } from './pubsub.ts';
import type { KcidbSink } from './sink.ts';

/** undefined: nothing is sent to KCIDB. */
export function createSink({ kcidb, report }: BridgeConfig): KcidbSink | undefined {
  if (kcidb === undefined || report.kcidb === 'off') return undefined;
  const timeoutMs = kcidb.timeout;
  if (kcidb.command !== undefined) return createKcidbCommand({ command: kcidb.command, timeoutMs });
  if (kcidb.pubsub !== undefined) {
    const { project, topic, credentials } = kcidb.pubsub;
    return createKcidbPubSub({ project, topic, credentials, timeoutMs });
  }
  if (kcidb.url === undefined || kcidb.token === undefined) return undefined;
  return createKcidbClient({ url: kcidb.url, token: resolveSecret(kcidb.token), timeoutMs });
}
