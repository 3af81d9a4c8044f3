// What LAVA answered to submissions: facts, which are stored whoever holds the lab's lease by now.
import type { Clock } from '../core/time.ts';
import { addEntries } from './changes.ts';
import type { Connection } from './connection.ts';
import type { SubmissionStore } from './contract.ts';

export function createSubmissionStore({ write }: Connection, now: Clock): SubmissionStore {
  return {
    recordSubmission: ({ jobId, n, sentAt }, lavaId, entries) =>
      write(async (tx) => {
        const own = await tx
          .updateTable('attempts')
          .set({ lavaId, submittedAt: now() })
          .where('jobId', '=', jobId)
          .where('n', '=', n)
          .where((e) =>
            e.or([e('lavaId', '=', lavaId), e.and([e('lavaId', 'is', null), e('sentAt', '=', sentAt)])]),
          )
          .returning('n')
          .executeTakeFirst();
        if (own === undefined) {
          await addEntries(tx, jobId, now(), entries);
          return false;
        }
        await tx.updateTable('jobs').set({ lavaId }).where('id', '=', jobId).execute();
        return true;
      }),
  };
}
