// A job's results as LAVA stores and exports them: made from the `results` lines of its log.
import type { AgeFacts } from './age.ts';
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
export function exportCases(age: AgeFacts, job: number, cases: readonly Stored[]): string {
  return yamlDump(
    age,
    cases.map((item) => exportCase(age, job, item)),
  );
}

function exportCase(
  age: AgeFacts,
  job: number,
  { id, suite, loggedAt, message }: Stored,
): Record<string, unknown> {
  const { starttc, endtc, extra, ...rest } = message;
  const isAction = suite === 'lava' && message['duration'] !== undefined;
  const measured = isAction ? Number(message['duration']) : message['measurement'];
  return {
    name: text(message['case']),
    job: String(job),
    suite,
    result: text(message['result']),
    measurement: typeof measured === 'number' ? decimal(age, measured) : 'None',
    unit: isAction ? 'seconds' : text(message['units']),
    level: text(message['level']),
    url: `/results/testcase/${id}`,
    id: String(id),
    logged: strTime(loggedAt),
    log_start_line: text(starttc),
    log_end_line: text(endtc),
    metadata: extra === undefined ? rest : { ...rest, extra: listed(age, extra) },
  };
}

function text(value: LogValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/**
 * LAVA 2023.01 prints the binary number's exact value, to 30 digits: 2.45 is 2.45000000000000017763568394003. Newer ones print
 * a fixed number of decimals, and zero as Python's Decimal does: 0E-10.
 */
function decimal({ measurementDecimals: decimals }: AgeFacts, value: number): string {
  if (decimals !== undefined) return value === 0 ? `0E-${decimals}` : value.toFixed(decimals);
  if (Number.isInteger(value)) return String(value);
  return value.toPrecision(30).replace(/0+$/, '');
}

/** A mapping becomes a list of mappings with one key each. */
function listed({ keepsKeyOrder }: AgeFacts, extra: LogValue): LogValue {
  if (typeof extra !== 'object' || extra === null || Array.isArray(extra)) return extra;
  const entries = Object.entries(extra as Record<string, LogValue>);
  if (!keepsKeyOrder) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, value]) => ({ [key]: value }));
}
