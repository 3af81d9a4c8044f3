// A job's results as LAVA stores and exports them: made from the `results` lines of its log.
import { strTime, yamlDump, type LogValue } from './python.ts';

/** One stored test case. */
export interface Stored {
  id: number;
  suite: string;
  loggedAt: number;
  /** The message of the log line. */
  message: Readonly<Record<string, LogValue>>;
}

/** The names of a job's suites, in the order in which LAVA met them. */
export function suiteNames(results: readonly Stored[]): string[] {
  return [...new Set(results.map(({ suite }) => suite))];
}

/** LAVA's YAML text of some cases: every scalar is a string, except in the metadata. */
export function exportCases(job: number, cases: readonly Stored[]): string {
  return yamlDump(cases.map((item) => exportCase(job, item)));
}

function exportCase(job: number, { id, suite, loggedAt, message }: Stored): Record<string, unknown> {
  const { starttc, endtc, extra, ...rest } = message;
  const isAction = suite === 'lava' && message['duration'] !== undefined;
  return {
    id: String(id),
    job: String(job),
    level: text(message['level']),
    log_end_line: text(endtc),
    log_start_line: text(starttc),
    logged: strTime(loggedAt),
    measurement: isAction ? text(message['duration']) : decimal(message['measurement']),
    metadata: extra === undefined ? rest : { ...rest, extra: listed(extra) },
    name: text(message['case']),
    result: text(message['result']),
    suite,
    unit: isAction ? 'seconds' : text(message['units']),
    url: `/results/testcase/${id}`,
  };
}

function text(value: LogValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** LAVA prints the float's exact decimal value, to 30 digits: 2.45 is 2.45000000000000017763568394003. */
function decimal(value: LogValue | undefined): string {
  if (typeof value !== 'number') return 'None';
  if (Number.isInteger(value)) return String(value);
  return value.toPrecision(30).replace(/0+$/, '');
}

/** A mapping becomes a list of mappings with one key each. */
function listed(extra: LogValue): LogValue {
  if (typeof extra !== 'object' || extra === null || Array.isArray(extra)) return extra;
  return Object.entries(extra as Record<string, LogValue>)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ [key]: value }));
}
