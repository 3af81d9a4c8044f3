// The attempts of jobs in LAVA, and what is large of them: definitions and results, each read only when it is asked for.
import { BridgeError } from '../core/errors.ts';
import type { Connection } from './connection.ts';
import type { AttemptStore } from './contract.ts';
import { toAttempt, toExpectedTests, toLavaJob } from './rows.ts';
import { statement } from './statement.ts';

const selectAttempts = statement((db, { jobId }: { jobId: string }) =>
  db.selectFrom('attempts').selectAll().where('jobId', '=', jobId).orderBy('n'),
);

export function createAttemptStore({ read }: Connection): AttemptStore {
  type Document = 'definition' | 'expectedTests' | 'lavaJob';

  /** The text of one document. */
  function documentOf(jobId: string, n: number, column: Document): Promise<string | null> {
    return read(async (db) => {
      const row = await db
        .selectFrom('attemptDocuments')
        .select(`${column} as text`)
        .where('jobId', '=', jobId)
        .where('n', '=', n)
        .executeTakeFirst();
      if (row === undefined) throw new BridgeError('no_attempt', `${jobId} has no attempt ${n}`);
      return row.text;
    });
  }

  return {
    attempts: (jobId) => read(async (db) => (await selectAttempts(db, { jobId })).map(toAttempt)),

    definition: async (jobId, n) => (await documentOf(jobId, n, 'definition')) ?? '',

    expectedTests: async (jobId, n) =>
      toExpectedTests(jobId, (await documentOf(jobId, n, 'expectedTests')) ?? ''),

    lavaJob: async (jobId, n) => {
      const text = await documentOf(jobId, n, 'lavaJob');
      return text === null ? undefined : toLavaJob(jobId, text);
    },

    openAttempts: (lab, lavaId) =>
      read(async (db) => {
        const rows = await db
          .selectFrom('attempts')
          .selectAll()
          .where('lab', '=', lab)
          .where('lavaId', '=', lavaId)
          .where('finishedAt', 'is', null)
          .execute();
        return rows.map(toAttempt);
      }),

    lastLavaId: (lab) =>
      read(async (db) => {
        const row = await db
          .selectFrom('attempts')
          .select((e) => e.fn.max('lavaId').as('id'))
          .where('lab', '=', lab)
          .executeTakeFirst();
        return row?.id ?? undefined;
      }),
  };
}
