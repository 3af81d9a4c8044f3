// What open jobs wait for: by reason, and by stage.
import type { Kysely } from 'kysely';
import type { FlowStep, WaitingGroup } from './reader.ts';
import { toReasonCode, ofKnownStages } from './rows.ts';
import type { Tables } from './tables.ts';

type Db = Kysely<Tables>;

/** The reasons for which open jobs wait, the most common first. */
export async function readWaiting(db: Db): Promise<WaitingGroup[]> {
  const rows = await db
    .selectFrom('jobs')
    .select((e) => [
      'reasonCode',
      'lab',
      'board',
      e.fn.countAll<number>().as('jobs'),
      e.fn.min('receivedAt').as('oldest'),
      e.fn.min('reason').as('text'),
    ])
    .where('done', '=', 0)
    .where('reasonCode', 'is not', null)
    .groupBy(['reasonCode', 'lab', 'board'])
    .execute();
  return rows
    .map(({ reasonCode, text, ...row }) => ({
      ...row,
      code: toReasonCode(reasonCode) ?? ('internal' as const),
      text: text ?? '',
    }))
    .toSorted((a, b) => b.jobs - a.jobs);
}

/** How many open jobs completed which stage last, and since when the oldest is there. */
export async function readFlow(db: Db): Promise<FlowStep[]> {
  const rows = await db
    .selectFrom('jobs')
    .select((e) => [
      'lab',
      'stage',
      'setAside',
      e.fn.countAll<number>().as('jobs'),
      e.fn.min('stageAt').as('oldest'),
    ])
    .where('done', '=', 0)
    .groupBy(['lab', 'stage', 'setAside'])
    .execute();
  return ofKnownStages(rows).map((row) => ({ ...row, setAside: row.setAside === 1 }));
}
