// Lists of jobs, page by page: as JSON, as JSON with what each job is to do, and as CSV for spreadsheets.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Cursor, JobFilter } from '../store/index.ts';
import { jobsCsv } from './jobs-csv.ts';
import type { HttpPorts } from './ports.ts';
import { ListQuery } from './queries.ts';
import { invalid } from './refusals.ts';
import type { JobRow } from './shapes.ts';
import { jobRow } from './views.ts';

/** Bytes of requests in one answer; the rest of the list is asked for with `after`. */
const MOST_IN_LIST = 4 * 1024 * 1024;

type Ports = Pick<HttpPorts, 'reader'>;

/** Adds `GET /api/v1/jobs` and `GET /api/v1/requests`. */
export function addLists(app: FastifyInstance, { reader }: Ports): void {
  app.get('/api/v1/jobs', async (request, reply) => {
    const list = await readList(request, reply);
    if (list === undefined) return reply;
    const { rows, next, format } = list;
    if (format === 'json') return { jobs: rows, next };
    reply.type('text/csv; charset=utf-8');
    // Where the next page begins; a table has no place for it.
    if (next !== null) reply.header('x-next', next);
    return reply.send(jobsCsv(rows));
  });

  app.get('/api/v1/requests', async (request, reply) => {
    const list = await readList(request, reply);
    if (list === undefined) return reply;
    const jobs: object[] = [];
    let { next } = list;
    let size = 0;
    for (const [i, row] of list.rows.entries()) {
      const wanted = await reader.request(row.id);
      size += JSON.stringify(wanted).length;
      if (size > MOST_IN_LIST && i > 0) {
        const last = list.rows[i - 1];
        next = last === undefined ? null : cursorText({ at: Date.parse(last.received), id: last.id });
        break;
      }
      jobs.push({ ...row, request: wanted });
    }
    return { jobs, next };
  });

  async function readList(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ rows: JobRow[]; next: string | null; format: 'json' | 'csv' } | undefined> {
    const query = ListQuery.safeParse(request.query);
    if (!query.success) {
      await invalid(reply, query.error);
      return undefined;
    }
    const { format, ...asked } = query.data;
    const { rows, next } = await reader.jobs(filterOf(asked));
    return { rows: rows.map(jobRow), next: next === undefined ? null : cursorText(next), format };
  }
}

/** A query of the API as the reader takes it. */
function filterOf(query: Omit<ListQuery, 'format'>): JobFilter {
  const { node_id, commit, lava_id, reason_code, since, before, after, ...same } = query;
  const at = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Date.parse(text);
  return {
    ...same,
    nodeId: node_id,
    commitHash: commit,
    lavaId: lava_id,
    reasonCode: reason_code,
    since: at(since),
    before: at(before),
    after,
  };
}

function cursorText({ at, id }: Cursor): string {
  return `${at}.${id}`;
}
