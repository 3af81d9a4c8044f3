// How long the event loop was held, measured once in each of its rounds. prom-client measures that by a timer, which would wake
// the process a hundred times a second for all its life.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';
import { DAY } from '../core/time.ts';

const NANOSECONDS = 1e9;

/** How often prom-client's own measurement, which is taken out, looks at the clock (ms). */
export const UNUSED_PRECISION = DAY;

/** Puts the delay of the event loop since the last reading in the place of prom-client's. */
export function measureLoopDelay(registry: Registry): void {
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith('nodejs_eventloop_lag_')) registry.removeSingleMetric(name);
  }
  const delay = monitorEventLoopDelay({ samplePerIteration: true });
  delay.enable();
  const gauge = (which: string, help: string, collect?: () => void): Gauge =>
    new Gauge({
      name: `nodejs_eventloop_lag_${which}_seconds`,
      help,
      registers: [registry],
      ...(collect === undefined ? {} : { collect }),
    });
  // The first one that is read sets all.
  const half = gauge('p50', 'Half of the rounds of the event loop held it for less.', () => {
    half.set(delay.percentile(50) / NANOSECONDS);
    most.set(delay.percentile(99) / NANOSECONDS);
    longest.set(delay.max / NANOSECONDS);
    delay.reset();
  });
  const most = gauge('p99', '99% of the rounds of the event loop held it for less.');
  const longest = gauge('max', 'The longest that a round of the event loop held it.');
}
