// The page of one job: its verdict and what explains it, its LAVA jobs, what became of the reports, and its timeline.
import { formatDuration } from '../core/time.ts';
import type { StoredVerdict } from '../store/index.ts';
import { html, shortTime, tableOf, word, type Html } from './html.ts';
import { verdictOf } from './page-home.ts';
import { waitingOf, type AttemptView, type JobDetail, type TimelineView } from './shapes.ts';

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
  return html`<h2>${job.name} on ${job.board}</h2>
    <p><code>${job.id}</code>, ${job.source}, ${now}${job.reason === null ? '' : `: ${job.reason}`}</p>
    ${job.ending === null ? '' : html`<p>${job.ending.kind}: ${job.ending.reason}</p>`}
    ${verdict === undefined ? '' : verdictPart(job, verdict)}
    <h3>LAVA jobs</h3>
    ${tableOf(
      [
        '',
        'LAVA job',
        'State',
        'Device',
        'Submitted (UTC)',
        'Running',
        'Finished',
        'Logs',
        'Why it does not count',
      ],
      job.attempts.map((a) => [
        a.n,
        a.lava_id === null ? '' : html`<a href="${lavaUrl(a.lava_id)}">${a.lava_id}</a>`,
        a.state,
        a.device,
        shortTime(a.submitted),
        shortTime(a.running),
        shortTime(a.finished),
        logs(a).map(({ name, url }, i) => [i === 0 ? '' : ' ', html`<a href="${url}">${name}</a>`]),
        a.outcome,
      ]),
    )}
    <h3>Reports</h3>
    ${tableOf(
      ['To', 'What', 'State', 'Failed tries', 'Next', 'Why'],
      job.deliveries.map((d) => [d.destination, d.kind, word(d.state), d.tries, shortTime(d.next), d.error]),
    )}
    <h3>Timeline</h3>
    ${timeline(job.timeline)}
    ${job.attempts.map(
      ({ n, definition }) =>
        html`<details>
          <summary>Definition of attempt ${n}</summary>
          <pre>${definition}</pre>
        </details>`,
    )}
    <details>
      <summary>Request</summary>
      <pre>${JSON.stringify(job.request, null, 2)}</pre>
    </details>`;
}

function verdictPart(job: JobDetail, { why, result, issues }: StoredVerdict): Html {
  return html`<p class="verdict">${verdictOf(job)} (node: ${word(result)})</p>
    <ul>
      ${why.map((text) => html`<li>${text}</li>`)}
      ${issues.map(({ test, comment }) => html`<li><b>${test}</b>: ${comment}</li>`)}
    </ul>`;
}

function timeline(entries: readonly TimelineView[]): Html {
  let before: number | undefined;
  const rows = entries.map(({ at, kind, text }) => {
    const time = Date.parse(at);
    const step = before === undefined ? '' : `+${formatDuration(time - before)}`;
    before = time;
    return [shortTime(at), step, kind === 'error' ? html`<span class="bad">${text}</span>` : text];
  });
  return tableOf(['Time (UTC)', '', 'What happened'], rows);
}
