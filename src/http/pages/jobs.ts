// The list of jobs, newest first, by what the reader asks for in the URL.
import { html, queryOf, type Content, type Html } from '../html.ts';
import { whereOf, type JobRow } from '../shapes.ts';
import { folded, jobPath, moment, name, table, word } from './parts.ts';

interface Filter {
  lab?: string | undefined;
  board?: string | undefined;
  stage?: string | undefined;
  open?: boolean | undefined;
}

export interface Jobs {
  jobs: readonly JobRow[];
  filter: Filter;
  /** The query of the next page of older jobs. */
  older: string | undefined;
}

export function jobsPage({ jobs, filter, older }: Jobs): Html {
  return html`<h1>Jobs${describe(filter)}</h1>
    ${table({
      caption: 'Jobs, the newest first',
      head: ['Received', 'Name', 'Lab', 'Board', 'LAVA', 'Waits for', 'Verdict or reason'],
      rows: jobs.map(jobCells),
    })}
    ${older === undefined ? '' : html`<p><a href="/jobs?${older}">older</a></p>`}`;
}

function jobCells(job: JobRow): Content[] {
  return [
    moment(job.received),
    html`<a href="${jobPath(job.id)}">${name(job.name)}</a>`,
    html`<a href="/jobs?${queryOf({ lab: job.lab })}">${name(job.lab)}</a>`,
    html`<a href="/jobs?${queryOf({ board: job.board })}">${name(job.board)}</a>`,
    job.lava_id,
    whereOf(job),
    job.done && job.tests.length > 0 ? verdictOf(job) : folded(job.reason ?? job.ending?.reason),
  ];
}

/** What each root came to. */
export function verdictOf({ tests }: Pick<JobRow, 'tests'>): Html {
  return html`${tests.map(({ path, status }, i) => [i === 0 ? '' : ', ', name(path), ' ', word(status)])}`;
}

function describe({ lab, board, stage, open }: Filter): Content {
  return [
    lab === undefined ? '' : html` of ${name(lab)}`,
    board === undefined ? '' : html` for ${name(board)}`,
    stage === undefined ? '' : ` at ${stage}`,
    open === true ? ', not ended' : '',
  ];
}
