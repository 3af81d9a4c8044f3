// `GET /api/v1/overview`, `/summary` and `/issues`: the lab at a glance, its report, and what recurs, for programs and the
// terminal.
import type { FastifyInstance } from 'fastify';
import { DAY, dayOf, rfc3339 } from '../core/time.ts';
import { readSummary } from '../reporting/summary.ts';
import { labsView } from './overview.ts';
import type { HttpPorts } from './ports.ts';
import { IssuesQuery, SummaryQuery } from './queries.ts';
import { invalid } from './refusals.ts';
import type { IssueView, Overview } from './shapes.ts';

interface Options {
  ctx: HttpPorts;
}

export function addOverview(app: FastifyInstance, { ctx }: Options): void {
  const { reader } = ctx;

  app.get('/api/v1/overview', async () => overviewOf(ctx));

  app.get('/api/v1/summary', async (request, reply) => {
    const query = SummaryQuery.safeParse(request.query);
    if (!query.success) return invalid(reply, query.error);
    const now = ctx.now();
    return readSummary(reader, { since: now - (query.data.days - 1) * DAY, now });
  });

  app.get('/api/v1/issues', async (request, reply) => {
    const query = IssuesQuery.safeParse(request.query);
    if (!query.success) return invalid(reply, query.error);
    const { days, ...filter } = query.data;
    const issues = await reader.issues({
      ...filter,
      order: 'runs',
      since: dayOf(ctx.now() - (days - 1) * DAY),
    });
    return {
      issues: issues.map(({ firstSeen, lastSeen, days: _days, ...issue }): IssueView => ({
        ...issue,
        first_seen: rfc3339(firstSeen),
        last_seen: rfc3339(lastSeen),
      })),
    };
  });
}

/** The lab at a glance. Asks no other system: what each said last is shown, with its age. */
async function overviewOf(ctx: HttpPorts): Promise<Overview> {
  const { reader, now } = ctx;
  const parts = await ctx.parts();
  const [labs, flow, waiting, deliveries, last] = await Promise.all([
    labsView(ctx, parts),
    reader.flow(),
    reader.waiting(),
    reader.deliveryCounts(),
    reader.hours(now() - DAY),
  ]);
  return {
    labs,
    destinations: parts
      .filter(({ kind }) => kind === 'destination')
      .map(({ name, status, since, why }) => ({
        name,
        status,
        since: rfc3339(since),
        why: why ?? null,
        deliveries: Object.fromEntries(
          deliveries
            .filter(({ destination }) => destination === name)
            .map(({ state, count }) => [state, count]),
        ),
      })),
    flow: flow.map(({ setAside, oldest, ...step }) => ({
      ...step,
      set_aside: setAside,
      oldest: rfc3339(oldest),
    })),
    waiting: waiting.map(({ oldest, text, ...group }) => ({
      ...group,
      oldest: rfc3339(oldest),
      reason: text,
    })),
    last_day: last.map(({ at, ...hour }) => ({ at: rfc3339(at), ...hour })),
  };
}
