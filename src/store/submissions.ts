// What LAVA answered to submissions: facts, which are stored whoever holds the lab's lease by now.
import { z } from 'zod';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import type { Clock } from '../core/time.ts';
import { addEntries } from './changes.ts';
import type { Connection } from './connection.ts';
import type { SecondJob, SubmissionStore } from './contract.ts';
import { getMeta, setMeta, settingNames } from './meta.ts';
import { settingKey, type SettingKey } from './settings.ts';

const Second = z.object({ lavaId: z.number(), jobId: z.string(), n: z.number() });

export function createSubmissionStore({ read, write }: Connection, now: Clock): SubmissionStore {
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
          await setMeta(
            tx,
            secondKey(labOf(jobId), lavaId),
            JSON.stringify({ lavaId, jobId, n } satisfies SecondJob),
          );
          return false;
        }
        await tx.updateTable('jobs').set({ lavaId }).where('id', '=', jobId).execute();
        return true;
      }),
    secondJobs: (lab) =>
      read(async (db) => {
        const names = await settingNames(db, 'second', `${lab} `);
        const texts = await Promise.all(names.map((name) => getMeta(db, settingKey('second', name))));
        // One that cannot be read is its own trouble alone.
        return texts.flatMap((text) => Second.safeParse(tryJson(text ?? '', PARSE_LIMITS.file)).data ?? []);
      }),
    forgetSecondJob: (lab, lavaId) =>
      write(async (tx) => {
        await tx.deleteFrom('meta').where('key', '=', secondKey(lab, lavaId)).execute();
      }),
  };
}

function secondKey(lab: string, lavaId: number): SettingKey {
  return settingKey('second', `${lab} ${lavaId}`);
}

const labOf = (jobId: string): string => jobId.slice(0, jobId.indexOf(':'));
