// Where deliveries go, by the configuration: KCIDB, Maestro, a storage elsewhere, each with its handler.
import type { Clock } from '../../core/time.ts';
import type { KcidbSink } from '../../kcidb/sink.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import type { OpenLogs } from '../../storage/open.ts';
import type { Blobs } from '../../store/index.ts';
import { createKcidbHandler } from './kcidb.ts';
import { createMaestroHandler } from './maestro.ts';
import { createStorageHandler } from './storage.ts';
import { createTelemetryHandler } from './telemetry.ts';
import type { Handler } from '../../engine/outbox.ts';

interface Parts {
  sink: KcidbSink | undefined;
  maestro: MaestroClient | undefined;
  logs: OpenLogs;
  blobs: Blobs;
  now: Clock;
}

/** By the name under which deliveries are stored. */
export function handlersFor({ sink, maestro, logs, blobs, now }: Parts): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  if (sink) handlers.set('kcidb', createKcidbHandler(sink));
  if (maestro) {
    handlers.set('maestro', createMaestroHandler(maestro));
    handlers.set('telemetry', createTelemetryHandler(maestro, now));
  }
  if (logs.remote) handlers.set('storage', createStorageHandler(logs.remote, blobs));
  return handlers;
}
