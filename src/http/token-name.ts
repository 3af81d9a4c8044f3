// Callbacks that carry the token's name in place of the token. LAVA sends them if its user has no token of that name; but
// the name stands in definitions, so anybody may send one. It counts as LAVA's fault only when one came while a job was
// in LAVA, that job has ended since, and no callback of the lab was accepted.
import type { Logger } from 'pino';
import { createRecentSet } from '../core/recent.ts';
import type { Store } from '../store/index.ts';

export interface TokenNameWatch {
  /** A callback for this job came with the name. */
  seen: (lab: string, jobId: string) => Promise<void>;
  /** A callback of this lab was accepted. */
  accepted: (lab: string) => void;
  /** What is wrong with the callbacks of each lab, for the admin. */
  faults: () => Promise<ReadonlyMap<string, string>>;
}

interface Options {
  store: Pick<Store, 'attempts' | 'callbacks'>;
  log: Logger;
  /** The token's name, by lab. */
  names: ReadonlyMap<string, string>;
}

/** Of a lab so many jobs are remembered. */
const MOST_JOBS = 20;

export function createTokenNameWatch({ store, log, names }: Options): TokenNameWatch {
  const jobs = new Map<string, ReturnType<typeof createRecentSet<string>>>();

  /** Whether LAVA has the job's last attempt, or had it; undefined: there is no such job, or no attempt. */
  async function stateOf(jobId: string): Promise<'in LAVA' | 'ended' | undefined> {
    const last = (await store.attempts(jobId)).at(-1);
    if (last?.lavaId === null || last === undefined) return undefined;
    return last.finishedAt === null ? 'in LAVA' : 'ended';
  }

  return {
    async seen(lab, jobId) {
      if ((await stateOf(jobId)) !== 'in LAVA' || (await store.callbacks(jobId)).length > 0) return;
      let known = jobs.get(lab);
      if (known === undefined) {
        known = createRecentSet<string>(MOST_JOBS);
        jobs.set(lab, known);
        log.warn(
          { lab },
          'a callback carried the name of the token in place of the token: LAVA’s user has no token of that name, or somebody else sent it',
        );
      }
      known.add(jobId);
    },
    accepted: (lab) => void jobs.delete(lab),
    async faults() {
      const faults = new Map<string, string>();
      for (const [lab, known] of jobs) {
        const states = await Promise.all(known.members().map(stateOf));
        if (!states.includes('ended')) continue;
        faults.set(
          lab,
          `LAVA sends the name ${names.get(lab) ?? ''} in place of the token: the user who submits has no token of that name there`,
        );
      }
      return faults;
    },
  };
}
