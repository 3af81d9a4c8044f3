// The metrics of one daemon: counted and observed where things happen, read by /metrics.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../core/error-codes.ts';
import { measureLoopDelay, UNUSED_PRECISION } from './loop-delay.ts';
import { METRICS, type LabelsOf, type MetricInfo, type MetricName, type NameOf } from './table.ts';

/** The metrics of one daemon. */
export interface Metrics {
  /** Counts one (or `by`; 0 makes a counter begin). */
  count: <N extends NameOf<'counter'>>(name: N, labels: LabelsOf<N>, by?: number) => void;
  /** Takes a measurement, in the unit of the metric's name. */
  observe: <N extends NameOf<'histogram'>>(name: N, labels: LabelsOf<N>, value: number) => void;
  /** Replaces all values of a gauge; those with the same labels are added up. */
  set: <N extends NameOf<'gauge'>>(name: N, values: Iterable<readonly [LabelsOf<N>, number]>) => void;
  /** Prometheus' text format. */
  text: () => Promise<string>;
  contentType: string;
}

/** So many values of a label get series of their own, with those that are known at the start; the rest are `other`. */
const MOST_VALUES = 500;
const OTHER = 'other';

/**
 * New metrics, all at 0; with Node's own (process_…, nodejs_…), the event loop's delay among them. `boards`: those of the
 * configuration. Requests may name any number of others, and each would be kept for ever.
 */
export function createMetrics(boards: readonly string[] = []): Metrics {
  const values = new Map([['board', new Set(boards)]]);
  const most = MOST_VALUES + boards.length;

  function bounded(labels: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(labels).map(([label, value]) => {
        const known = values.get(label) ?? new Set<string>();
        values.set(label, known);
        if (!known.has(value) && known.size >= most) return [label, OTHER];
        known.add(value);
        return [label, value];
      }),
    );
  }

  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: UNUSED_PRECISION });
  measureLoopDelay(registry);
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  for (const [name, info] of Object.entries(METRICS) as [MetricName, MetricInfo][]) {
    const { type, help, labels, buckets = [] } = info;
    const settings = { name, help, labelNames: labels, registers: [registry] };
    if (type === 'counter') counters.set(name, new Counter(settings));
    else if (type === 'gauge') gauges.set(name, new Gauge(settings));
    else histograms.set(name, new Histogram({ ...settings, buckets: [...buckets] }));
  }
  return {
    count: (name, labels, by = 1) => counters.get(name)?.inc(bounded(labels), by),
    observe: (name, labels, value) => histograms.get(name)?.observe(bounded(labels), value),
    set(name, shown) {
      const gauge = gauges.get(name);
      gauge?.reset();
      for (const [labels, value] of shown) gauge?.inc(bounded(labels), value);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Measures the calls to a system: how long they took (ms), and how they failed. */
export function callTimer(metrics: Metrics, destination: string) {
  return (ms: number, code: ErrorCode | undefined): void => {
    metrics.observe('lava_bridge_call_seconds', { destination }, ms / 1000);
    if (code !== undefined) metrics.count('lava_bridge_call_errors_total', { destination, code });
  };
}
