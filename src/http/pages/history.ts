// How runs went: in colours, in shares, as a trend, and one by one.
import type { RunRecord } from '../../store/index.ts';
import type { Totals } from '../../store/reader.ts';
import { html, type Content, type Html } from '../html.ts';
import { legend, spark, type Shade } from './charts.ts';
import { devicePath } from './jobs.ts';
import { duration, jobPath, moment, name, table, word } from './parts.ts';

/** What the colours of runs say. */
export function shades(): Html {
  return legend([
    ['pass', 'fine'],
    ['kernel', 'kernel'],
    ['test', 'test'],
    ['harness', 'lab'],
    ['unknown', 'unknown'],
  ]);
}

/** The share of each layer among the jobs that ended. */
export function rates(days: readonly Totals[]): Content {
  const sum = (key: 'kernel' | 'test' | 'harness'): number => days.reduce((n, d) => n + d.layers[key], 0);
  const jobs = days.reduce((n, d) => n + d.jobs, 0);
  if (jobs === 0) return '';
  const share = (n: number): string => `${Math.round((100 * n) / jobs)}%`;
  return `kernel ${share(sum('kernel'))}, test ${share(sum('test'))}, lab ${share(sum('harness'))} of ${jobs}`;
}

/** The last mean boot time, and the means before it as a line. */
export function trend(days: readonly Totals[]): Content {
  const values = days.flatMap(({ bootMs }) => (bootMs === null ? [] : [bootMs]));
  const last = values.at(-1);
  return last === undefined ? '' : [duration(last), ' ', spark('boot time by day', values)];
}

export function shadeOf({ layer, result }: Pick<RunRecord, 'layer' | 'result'>): Shade {
  if (layer !== 'none') return layer;
  return result === 'pass' ? 'pass' : 'none';
}

/** Runs as rows of a table. */
export function runsTable(rows: readonly RunRecord[]): Html {
  return table({
    caption: 'Runs, the newest first',
    hideCaption: true,
    head: ['Ended', 'Job', 'Result', 'Layer', 'Rule', 'Board', 'Device', 'LAVA', 'Queue', 'Boot', 'Run'],
    rows: rows.map((run) => [
      moment(run.finishedAt),
      html`<a href="${jobPath(run.jobId)}">${name(run.name, 40)}</a>`,
      [word(run.result), run.counts ? '' : ' (tried again)'],
      run.layer === 'none' ? '' : word(run.layer),
      run.rule,
      name(run.board, 30),
      run.device === '' ? '' : html`<a href="${devicePath(run.lab, run.device)}">${name(run.device, 30)}</a>`,
      run.lavaId,
      duration(run.queueMs),
      duration(run.bootMs),
      duration(run.runMs),
    ]),
  });
}
