// Counts what happens to jobs.
import type { Metrics } from '../metrics/metrics.ts';
import type { JobListener } from './job-events.ts';
import { LAYERS } from '../verdict/layers.ts';
import { eventOf } from './job-journal.ts';

/** Counts what happens to jobs, as the store announces it. */
export function jobMetrics(metrics: Metrics): JobListener {
  return {
    saved({ lab, board, done }, { judged }) {
      // What was done is judged again: it ended before.
      if (judged === undefined || !judged.counts || done) return;
      const { result, layer, runMs, bootMs } = judged;
      for (const each of LAYERS) {
        // From the first job of a board on, so that what never happened is 0 and not missing.
        metrics.count('lava_bridge_jobs_ended_total', { lab, board, result, layer: each }, 0);
      }
      metrics.count('lava_bridge_jobs_ended_total', { lab, board, result, layer });
      if (runMs !== null) metrics.observe('lava_bridge_run_seconds', { lab, board }, runMs / 1000);
      if (bootMs !== null) metrics.observe('lava_bridge_boot_seconds', { lab, board }, bootMs / 1000);
    },
    entry(entry, { lab, board }) {
      const event = eventOf(entry);
      if (entry.kind === 'stage' && entry.text.startsWith('received')) {
        metrics.count('lava_bridge_jobs_received_total', { lab, board });
        // From the first job of a board on, so that what never happened is 0 and not missing.
        metrics.count('lava_bridge_jobs_retried_total', { lab, board }, 0);
      }
      if (event === 'retried') metrics.count('lava_bridge_jobs_retried_total', { lab, board });
      if (event === 'rejected') {
        metrics.count('lava_bridge_jobs_rejected_total', { lab, code: entry.code ?? 'rejected' });
      }
    },
    delivery(destination, state) {
      // From the first one on, so that what never happened is 0 and not missing.
      const refused = state === 'parked' || state === 'dropped' ? 1 : 0;
      metrics.count('lava_bridge_deliveries_accepted_total', { destination }, state === 'done' ? 1 : 0);
      metrics.count('lava_bridge_delivery_refusals_total', { destination }, refused);
    },
  };
}
