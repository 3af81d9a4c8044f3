// The table of alerts: when each fires, what it means and what to do. The rules for Prometheus (docs/alerts/) and their sections
// in docs/operations.md are made from it (`npm run docs`).

export interface Alert {
  /** Its name in Prometheus, and the heading of its section. */
  name: string;
  severity: 'critical' | 'warning';
  /** PromQL. */
  expr: string;
  /** How long that has to hold. */
  for: string;
  /** A sentence with the labels of what fires. */
  summary: string;
  /** Why it matters. */
  meaning: string;
  /** Step by step. */
  steps: readonly string[];
}

export const ALERTS: readonly Alert[] = [
  {
    name: 'LavaBridgeDown',
    severity: 'critical',
    expr: 'up{job="lava-bridge"} == 0',
    for: '2m',
    summary: 'lava-bridge does not answer at {{ $labels.instance }}',
    meaning:
      'The daemon does not run, or its API cannot be reached. Requests wait in Maestro; jobs in LAVA go on.',
    steps: [
      '`systemctl status lava-bridge`: if it failed with status 78, the configuration is wrong or the store is of a newer version, and the journal says where or what.',
      '`journalctl -u lava-bridge -p err -n 50` for anything else. Nothing is lost meanwhile: it goes on where it stopped.',
    ],
  },
  {
    name: 'LavaBridgeNotReady',
    severity: 'critical',
    expr: 'lava_bridge_ready == 0',
    for: '2m',
    summary: 'lava-bridge cannot do its work',
    meaning:
      'The store takes no writes, or the jobs do not move. Callbacks are refused, so LAVA is asked later.',
    steps: [
      '`curl -s http://127.0.0.1:8481/readyz` says what is wrong.',
      'The disk is full: make room; nothing else is needed. The store is damaged: restore a backup, or see the line in the journal.',
    ],
  },
  {
    name: 'LavaBridgeDaemonsDiffer',
    severity: 'warning',
    expr: 'lava_bridge_daemons_different > 0',
    for: '30m',
    summary: 'daemons on one database have different configurations or versions',
    meaning:
      'What becomes of a job depends on the daemon that has its lab. What only one of them knows waits while it is away.',
    steps: [
      '`lava-bridge labs` lists the daemons, and the keys and folders in which each differs from the one that answers.',
      'Give all the same configuration, device types, plans, templates and version, and restart those that were wrong.',
    ],
  },
  {
    name: 'LavaBridgeStoreDamaged',
    severity: 'warning',
    expr: 'lava_bridge_stores_set_aside > 0',
    for: '0m',
    summary: 'the database was damaged, and set aside',
    meaning:
      'A new one has what could be read of it; what is missing is looked for in Maestro and LAVA. Pushed jobs may be lost.',
    steps: [
      '`journalctl -u lava-bridge -p err -g damaged` says what was found and what was saved; `lava-bridge labs` what is still looked for.',
      'Decide whether to go on so, or from the last backup (docs/backup.md), and look at the disk: `dmesg`, `smartctl`.',
      'Remove `lava-bridge.db.damaged-…` from the state folder when it is not needed any more; the alert ends with that.',
    ],
  },
  {
    name: 'LavaBridgeLabAway',
    severity: 'critical',
    expr: 'lava_bridge_part_state{part="lab",state="up"} == 0',
    for: '10m',
    summary: 'the lab {{ $labels.name }} gives no answers',
    meaning:
      'No new job is submitted there, and results of running ones are late. Its jobs wait; nothing is lost.',
    steps: [
      '`lava-bridge labs` says since when and why.',
      '`lava-bridge check` tries it at once: the address, the token, the certificate.',
      "Look at LAVA's own services on its machine. When it is back, the bridge catches up by itself.",
    ],
  },
  {
    name: 'LavaBridgeEventsAway',
    severity: 'warning',
    expr: 'lava_bridge_part_state{part="events",state="up"} == 0 and on (name) lava_bridge_part_state{part="lab",state="up"} == 1',
    for: '30m',
    summary: 'the event stream of {{ $labels.name }} is not connected',
    meaning: 'Jobs are followed by callbacks and by asking alone, which is slower. Nothing else is wrong.',
    steps: [
      'Is `lava-publisher` up on the LAVA server, and does its web server pass on `/ws/`?',
      'A lab that has no event stream: `events: false` in its `lava:` section.',
    ],
  },
  {
    name: 'LavaBridgeCallbacksWrong',
    severity: 'warning',
    expr: 'lava_bridge_part_state{part="callbacks",state="down"} == 1',
    for: '15m',
    summary: 'callbacks of {{ $labels.name }} do not arrive, or are refused',
    meaning: 'Results come later, by asking LAVA. Nothing is lost.',
    steps: [
      '`lava-bridge labs` says which: another token, an unknown one, or none that arrive; and what to do in LAVA.',
    ],
  },
  {
    name: 'LavaBridgeDestinationAway',
    severity: 'warning',
    expr: 'lava_bridge_part_state{part="destination",state="up"} == 0',
    for: '15m',
    summary: '{{ $labels.name }} gives no answers',
    meaning: 'Reports for it wait in the store, and are sent when it is back.',
    steps: [
      '`lava-bridge labs` says since when and why; a refused token stands there, too.',
      '`lava-bridge check` tries it at once. If its service is down, ask its admins; nothing needs to be done here.',
    ],
  },
  {
    name: 'LavaBridgeDeliveriesParked',
    severity: 'warning',
    expr: 'lava_bridge_deliveries{state="parked"} > 0',
    for: '5m',
    summary: '{{ $value }} deliveries to {{ $labels.destination }} were refused and are parked',
    meaning: 'The other side refused reports for good. Their jobs do not end until somebody decides.',
    steps: [
      '`journalctl -u lava-bridge BRIDGE_EVENT=error -p err --since today` names the jobs and the reasons.',
      '`lava-bridge jobs show JOB` shows the delivery. `lava-bridge jobs retry JOB` sends it again once the cause is mended.',
      'What will never be taken is given up: `lava-bridge jobs drop-delivery JOB DELIVERY --reason TEXT`.',
    ],
  },
  {
    name: 'LavaBridgeDeliveriesLate',
    severity: 'warning',
    expr: 'lava_bridge_delivery_age_seconds > 6 * 3600',
    for: '15m',
    summary: 'a report for {{ $labels.destination }} has waited for {{ $value | humanizeDuration }}',
    meaning:
      'A report has waited for more than 6 hours: the destination is away, or takes reports more slowly than they are made.',
    steps: [
      '`lava-bridge labs` for its state; `lava_bridge_call_seconds` and `lava_bridge_call_errors_total` for its speed and errors.',
    ],
  },
  {
    name: 'LavaBridgeJobsStuck',
    severity: 'warning',
    expr: 'max by (lab) (lava_bridge_open_job_age_seconds) > 24 * 3600',
    for: '30m',
    summary: 'a job of {{ $labels.lab }} has been open for {{ $value | humanizeDuration }}',
    meaning:
      'A job has been open for more than 24 hours: it waits for something that does not come, such as a device, a drain that was forgotten, a parked delivery.',
    steps: ['`lava-bridge jobs list --open` and then `lava-bridge jobs show JOB` say what it waits for.'],
  },
  {
    name: 'LavaBridgeHarnessFailures',
    severity: 'warning',
    expr: 'sum by (lab, board) (increase(lava_bridge_jobs_ended_total{layer="harness"}[6h])) > 3 and sum by (lab, board) (increase(lava_bridge_jobs_ended_total{layer="harness"}[6h])) > 0.5 * sum by (lab, board) (increase(lava_bridge_jobs_ended_total[6h]))',
    for: '10m',
    summary: 'most jobs on {{ $labels.board }} in {{ $labels.lab }} fail because of the lab',
    meaning:
      'More than three jobs of a board within 6 hours, and more than half of all, failed because of the lab: power, network, serial console or boot loader. Its results say nothing about kernels.',
    steps: [
      '`lava-bridge jobs list --board BOARD` shows the jobs and their devices; `lava-bridge jobs log JOB` the console.',
      '`lava-bridge drain LAB BOARD` keeps new jobs away while it is mended.',
    ],
  },
  {
    name: 'LavaBridgeNoDevice',
    severity: 'warning',
    expr: 'sum by (lab, board) (lava_bridge_open_jobs{stage="received"}) > 0 and on (lab, board) lava_bridge_devices{what="online"} == 0',
    for: '1h',
    summary: 'jobs wait for {{ $labels.board }} in {{ $labels.lab }}, and no device of it is online',
    meaning: 'Every device of the board is offline, in maintenance or bad in LAVA.',
    steps: [
      '`lava-bridge boards` says why for each; set the health of the devices in LAVA when they are mended.',
    ],
  },
  {
    name: 'LavaBridgeDiskLow',
    severity: 'warning',
    expr: 'lava_bridge_disk_free_bytes < 2e9 or lava_bridge_disk_free_bytes / lava_bridge_disk_size_bytes < 0.05',
    for: '10m',
    summary: 'only {{ $value | humanize }} (bytes, or share) are free on the disk of {{ $labels.folders }}',
    meaning: 'On a full disk nothing can be stored: callbacks are refused and jobs wait.',
    steps: [
      'Make room, or keep less: `retention` in the configuration, with ages and sizes for jobs, evidence and logs; a reload makes it count.',
    ],
  },
  {
    name: 'LavaBridgeBusy',
    severity: 'warning',
    expr: 'nodejs_eventloop_lag_p99_seconds{job="lava-bridge"} > 1',
    for: '15m',
    summary: 'lava-bridge waits {{ $value | humanizeDuration }} for its processor',
    meaning: 'The machine is too busy, or the daemon has more to do than one processor can.',
    steps: ['`top` on the machine. If it is the daemon itself, please report it with the metrics.'],
  },
];
