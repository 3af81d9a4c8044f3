// The table of metrics: every one that /metrics shows but for those of Node's own, with its labels. docs/metrics.md is made
// from it (`npm run docs`). Labels have few values: labs, boards and destinations of the configuration, and fixed words; of
// boards that only requests name, the first 500.

export interface MetricInfo {
  type: 'counter' | 'gauge' | 'histogram';
  /** A sentence. */
  help: string;
  labels: readonly string[];
  /** Of a histogram: the upper bounds. */
  buckets?: readonly number[];
}

const SECONDS_OF_CALLS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SECONDS_OF_BOOTS = [5, 10, 20, 30, 60, 90, 120, 180, 300, 600];
const SECONDS_OF_RUNS = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400];
const BYTES_OF_CALLBACKS = [10e3, 100e3, 1e6, 5e6, 10e6, 25e6, 50e6, 100e6];

export const METRICS = {
  lava_bridge_build_info: gauge('Always 1; the version of the bridge and of Node.', ['version', 'node']),
  lava_bridge_ready: gauge('1 if the bridge can do its work, as /readyz says; else 0.', []),

  lava_bridge_daemons: gauge('How many daemons share the work on the database; 1 if it has it alone.', []),
  lava_bridge_daemons_different: gauge(
    'How many of the other daemons on the database have another configuration or version than this one.',
    [],
  ),
  lava_bridge_work_held: gauge(
    'Of several daemons on one database: 1 for each work that this one does, such as `lab NAME` or `destination NAME`.',
    ['work'],
  ),

  lava_bridge_part_state: gauge(
    'What is known of each part outside: 1 for the one state it is in. `unknown`: it was not asked yet, or gave no answer for a while.',
    ['part', 'name', 'state'],
  ),
  lava_bridge_part_answered_timestamp_seconds: gauge(
    'When each part last answered (Unix time); not there if it has not since the start.',
    ['part', 'name'],
  ),
  lava_bridge_call_seconds: histogram(
    'How long calls to each system took, failed ones among them.',
    ['destination'],
    SECONDS_OF_CALLS,
  ),
  lava_bridge_call_errors_total: counter('Calls to each system that failed, by error code.', [
    'destination',
    'code',
  ]),

  lava_bridge_open_jobs: gauge('Jobs that have not ended, by their last completed stage.', [
    'lab',
    'board',
    'stage',
  ]),
  lava_bridge_open_job_age_seconds: gauge(
    'How long ago the oldest job that has not ended was received, by lab and last completed stage.',
    ['lab', 'stage'],
  ),
  lava_bridge_jobs_received_total: counter('Requests that became jobs.', ['lab', 'board']),
  lava_bridge_jobs_ended_total: counter(
    'Jobs that were judged: by the result in Maestro, and by the layer that failed (kernel, test, harness, unknown, or none).',
    ['lab', 'board', 'result', 'layer'],
  ),
  lava_bridge_jobs_retried_total: counter('Further attempts after the lab failed.', ['lab', 'board']),
  lava_bridge_jobs_rejected_total: counter('Requests that could not be run, by error code.', ['lab', 'code']),
  lava_bridge_boot_seconds: histogram(
    'From the start of the kernel to the login, of boots that passed.',
    ['lab', 'board'],
    SECONDS_OF_BOOTS,
  ),
  lava_bridge_run_seconds: histogram(
    'How long LAVA ran the jobs that were judged.',
    ['lab', 'board'],
    SECONDS_OF_RUNS,
  ),

  lava_bridge_requests_total: counter('Pushed requests, by what became of them.', ['outcome']),
  lava_bridge_callbacks_total: counter('Callbacks of LAVA, by what became of them.', ['outcome']),
  lava_bridge_callback_bytes: histogram(
    'Size of the callbacks that were accepted.',
    ['lab'],
    BYTES_OF_CALLBACKS,
  ),

  lava_bridge_deliveries: gauge(
    'Deliveries that have not ended, by state; `parked` ones wait for an admin.',
    ['destination', 'state'],
  ),
  lava_bridge_delivery_age_seconds: gauge('How long the oldest delivery that is to be sent has waited.', [
    'destination',
  ]),
  lava_bridge_deliveries_accepted_total: counter('Deliveries that were accepted.', ['destination']),
  lava_bridge_delivery_refusals_total: counter('Deliveries that were refused for good, or given up.', [
    'destination',
  ]),

  lava_bridge_devices: gauge(
    'Devices and queue of each board in its lab, as LAVA said last: `online`, `idle`, `queued` (jobs).',
    ['lab', 'board', 'what'],
  ),
  lava_bridge_drained: gauge(
    '1 while the lab (board and device empty), the board or the device takes no new jobs.',
    ['lab', 'board', 'device'],
  ),

  lava_bridge_store_bytes: gauge('Size of the database (SQLite: with its write-ahead log).', []),
  lava_bridge_stores_set_aside: gauge('Damaged databases that were set aside and are still there.', []),
  lava_bridge_disk_free_bytes: gauge(
    'What is free on each disk that the bridge writes to; `folders`: what it keeps there.',
    ['folders'],
  ),
  lava_bridge_disk_size_bytes: gauge('Size of each of these disks.', ['folders']),
} as const satisfies Record<string, MetricInfo>;

/** The name of a metric of the table. */
export type MetricName = keyof typeof METRICS;

/** The names of those of one type. */
export type NameOf<T extends MetricInfo['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never;
}[MetricName];

/** The labels of a metric. */
export type LabelsOf<N extends MetricName> = Record<(typeof METRICS)[N]['labels'][number], string>;

function counter<const L extends readonly string[]>(help: string, labels: L) {
  return { type: 'counter', help, labels } as const;
}

function gauge<const L extends readonly string[]>(help: string, labels: L) {
  return { type: 'gauge', help, labels } as const;
}

function histogram<const L extends readonly string[]>(help: string, labels: L, buckets: readonly number[]) {
  return { type: 'histogram', help, labels, buckets } as const;
}
