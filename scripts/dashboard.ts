// Makes the dashboard for Grafana (docs/grafana/lava-bridge.json): a panel for each question that an admin asks.

interface Panel {
  title: string;
  /** PromQL and its legend. */
  queries: readonly (readonly [expr: string, legend: string])[];
  type?: 'timeseries' | 'stat' | 'state-timeline';
  unit?: string;
}

const PANELS: readonly Panel[] = [
  { title: 'Ready', type: 'stat', queries: [['lava_bridge_ready', 'ready']] },
  { title: 'Version', type: 'stat', queries: [['lava_bridge_build_info', '{{version}} on Node {{node}}']] },
  {
    title: 'Parked deliveries',
    type: 'stat',
    queries: [['sum(lava_bridge_deliveries{state="parked"})', 'parked']],
  },
  { title: 'Free on disk', type: 'stat', unit: 'bytes', queries: [['lava_bridge_disk_free_bytes', 'free']] },
  {
    title: 'Parts: 1 up, 0 not',
    type: 'state-timeline',
    queries: [['lava_bridge_part_state{state="up"}', '{{part}} {{name}}']],
  },
  {
    title: 'Age of the last answer',
    unit: 's',
    queries: [['time() - lava_bridge_part_answered_timestamp_seconds', '{{part}} {{name}}']],
  },
  { title: 'Open jobs by stage', queries: [['sum by (stage) (lava_bridge_open_jobs)', '{{stage}}']] },
  {
    title: 'Oldest open job',
    unit: 's',
    queries: [['max by (lab) (lava_bridge_open_job_age_seconds)', '{{lab}}']],
  },
  {
    title: 'Jobs ended an hour, by layer that failed',
    queries: [['sum by (layer) (increase(lava_bridge_jobs_ended_total[1h]))', '{{layer}}']],
  },
  {
    title: 'Failures of the lab an hour, by board',
    queries: [
      [
        'sum by (lab, board) (increase(lava_bridge_jobs_ended_total{layer="harness"}[1h]))',
        '{{lab}} {{board}}',
      ],
    ],
  },
  {
    title: 'Boot time (median)',
    unit: 's',
    queries: [
      [
        'histogram_quantile(0.5, sum by (le, board) (rate(lava_bridge_boot_seconds_bucket[6h])))',
        '{{board}}',
      ],
    ],
  },
  {
    title: 'Run time (median)',
    unit: 's',
    queries: [
      ['histogram_quantile(0.5, sum by (le, board) (rate(lava_bridge_run_seconds_bucket[6h])))', '{{board}}'],
    ],
  },
  {
    title: 'Retries and rejections an hour',
    queries: [
      ['sum by (lab) (increase(lava_bridge_jobs_retried_total[1h]))', 'retried {{lab}}'],
      ['sum by (code) (increase(lava_bridge_jobs_rejected_total[1h]))', 'rejected {{code}}'],
    ],
  },
  {
    title: 'Calls: 95 % are faster',
    unit: 's',
    queries: [
      [
        'histogram_quantile(0.95, sum by (le, destination) (rate(lava_bridge_call_seconds_bucket[15m])))',
        '{{destination}}',
      ],
    ],
  },
  {
    title: 'Failed calls a minute',
    queries: [
      [
        'sum by (destination, code) (rate(lava_bridge_call_errors_total[5m])) * 60',
        '{{destination}} {{code}}',
      ],
    ],
  },
  {
    title: 'Deliveries that wait',
    queries: [['lava_bridge_deliveries', '{{destination}} {{state}}']],
  },
  { title: 'Oldest delivery', unit: 's', queries: [['lava_bridge_delivery_age_seconds', '{{destination}}']] },
  {
    title: 'Callbacks a minute',
    queries: [['sum by (outcome) (rate(lava_bridge_callbacks_total[5m])) * 60', '{{outcome}}']],
  },
  { title: 'Devices', queries: [['sum by (board, what) (lava_bridge_devices)', '{{board}} {{what}}']] },
  {
    title: 'Event loop and memory',
    unit: 's',
    queries: [['nodejs_eventloop_lag_p99_seconds{job="lava-bridge"}', 'delay of the event loop, 99 %']],
  },
  { title: 'Size of the store', unit: 'bytes', queries: [['lava_bridge_store_bytes', 'database']] },
];

/** The whole dashboard, as Grafana imports it. */
export function dashboard(): string {
  const datasource = { type: 'prometheus', uid: '${datasource}' };
  const panels = PANELS.map(({ title, queries, type = 'timeseries', unit = 'short' }, i) => ({
    id: i + 1,
    title,
    type,
    datasource,
    gridPos:
      i < 4
        ? { x: i * 6, y: 0, w: 6, h: 4 }
        : { x: (i % 2) * 12, y: 4 + 8 * Math.floor((i - 4) / 2), w: 12, h: 8 },
    fieldConfig: { defaults: { unit }, overrides: [] },
    targets: queries.map(([expr, legendFormat], n) => ({
      refId: String.fromCodePoint(65 + n),
      datasource,
      expr,
      legendFormat,
    })),
  }));
  return `${JSON.stringify(
    {
      title: 'lava-bridge',
      uid: 'lava-bridge',
      schemaVersion: 39,
      time: { from: 'now-24h', to: 'now' },
      refresh: '1m',
      templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
      panels,
    },
    null,
    2,
  )}\n`;
}
