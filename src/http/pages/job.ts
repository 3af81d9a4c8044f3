// The page of one job: its verdict and what explains it, its LAVA jobs, what became of the reports, and its timeline.
import { formatDuration } from '../../core/time.ts';
import type { StoredVerdict } from '../../store/index.ts';
import { html, type Html } from '../html.ts';
import { waitingOf, type AttemptView, type JobDetail, type TimelineView } from '../shapes.ts';
import { verdictOf } from './jobs.ts';
import { folded, moment, name, section, table, word } from './parts.ts';

export interface JobPage {
  job: JobDetail;
  verdict: StoredVerdict | undefined;
  /** Where the job is in LAVA, by its number. */
  lavaUrl: (lavaId: number) => string;
  /** The logs for people, of an attempt. */
  logs: (attempt: AttemptView) => { name: string; url: string }[];
}

export function jobPage({ job, verdict, lavaUrl, logs }: JobPage): Html {
  const now = job.done ? `ended, last stage ${job.stage}` : waitingOf(job);
  return html`<h1>${folded(job.name)} on ${folded(job.board)}</h1>
    <p>
      <code>${job.id}</code>, ${job.source}, ${now}${job.reason === null ? '' : html`: ${folded(job.reason)}`}
    </p>
    ${job.ending === null ? '' : html`<p>${job.ending.kind}: ${folded(job.ending.reason)}</p>`}
    ${verdict === undefined ? '' : verdictPart(job, verdict)} ${attempts(job, { lavaUrl, logs })}
    ${section(
      'reports',
      'Reports',
      table({
        caption: 'Reports',
        hideCaption: true,
        head: ['To', 'What', 'State', 'Failed tries', 'Next', 'Why'],
        rows: job.deliveries.map((d) => [
          d.destination,
          d.kind,
          word(d.state),
          d.tries,
          moment(d.next),
          folded(d.error),
        ]),
      }),
    )}
    ${section('timeline', 'Timeline', timeline(job.timeline))}
    ${job.attempts.map(
      ({ n, definition }) =>
        html`<details>
          <summary>Definition of attempt ${n}</summary>
          <pre tabindex="0">${definition}</pre>
        </details>`,
    )}
    <details>
      <summary>Request</summary>
      <pre tabindex="0">${JSON.stringify(job.request, null, 2)}</pre>
    </details>`;
}

function attempts({ attempts }: JobDetail, { lavaUrl, logs }: Pick<JobPage, 'lavaUrl' | 'logs'>): Html {
  return section(
    'lava-jobs',
    'LAVA jobs',
    table({
      caption: 'LAVA jobs',
      hideCaption: true,
      head: [
        'Attempt',
        'LAVA job',
        'State',
        'Device',
        'Submitted',
        'Running',
        'Finished',
        'Logs',
        'Why it does not count',
      ],
      rows: attempts.map((a) => [
        a.n,
        a.lava_id === null ? '' : html`<a href="${lavaUrl(a.lava_id)}">${a.lava_id}</a>`,
        a.state,
        name(a.device),
        moment(a.submitted),
        moment(a.running),
        moment(a.finished),
        logs(a).map(({ name, url }, i) => [i === 0 ? '' : ' ', html`<a href="${url}">${name}</a>`]),
        folded(a.outcome),
      ]),
    }),
  );
}

function verdictPart(job: JobDetail, { why, result, issues }: StoredVerdict): Html {
  return html`<div class="verdict">
    <p class="what">${verdictOf(job)} (node: ${word(result)})</p>
    <ul>
      ${why.map((text) => html`<li>${folded(text)}</li>`)}
      ${issues.map(({ test, comment }) => html`<li><b>${name(test)}</b>: ${folded(comment)}</li>`)}
    </ul>
  </div>`;
}

function timeline(entries: readonly TimelineView[]): Html {
  let before: number | undefined;
  const rows = entries.map(({ at, kind, text }) => {
    const time = Date.parse(at);
    const step = before === undefined ? '' : `+${formatDuration(time - before)}`;
    before = time;
    return [moment(at), step, kind === 'error' ? html`<span class="word fail">${text}</span>` : folded(text)];
  });
  return table({ caption: 'Timeline', hideCaption: true, head: ['Time', 'Later by', 'What happened'], rows });
}
