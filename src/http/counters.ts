// Counts what comes in by HTTP.
import type { Metrics } from '../metrics/metrics.ts';

/** What becomes of a pushed request. */
const REQUEST_OUTCOMES = ['received', 'known', 'rejected', 'invalid', 'unauthorized'];
/** What becomes of a callback: `accepted`, or the code with which it is refused. */
const CALLBACK_OUTCOMES = ['accepted', 'unauthorized', 'unknown_job', 'other_job', 'bad_body', 'too_large', 'busy', 'disk_full']; // prettier-ignore

export interface Counters {
  callback: (outcome: string) => void;
  /** Of one that was accepted. */
  callbackBytes: (lab: string, bytes: number) => void;
  request: (outcome: string) => void;
}

/** All outcomes begin at 0. */
export function createCounters(metrics: Metrics): Counters {
  for (const outcome of REQUEST_OUTCOMES) metrics.count('lava_bridge_requests_total', { outcome }, 0);
  for (const outcome of CALLBACK_OUTCOMES) metrics.count('lava_bridge_callbacks_total', { outcome }, 0);
  return {
    callback: (outcome) => metrics.count('lava_bridge_callbacks_total', { outcome }),
    callbackBytes: (lab, bytes) => metrics.observe('lava_bridge_callback_bytes', { lab }, bytes),
    request: (outcome) => metrics.count('lava_bridge_requests_total', { outcome }),
  };
}
