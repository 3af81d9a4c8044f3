// Stops one of two daemons (SIGSTOP) at an exact place: in the midst of a request to others, of the answer to it, or of a
// statement. What the places are called is said in test/fixtures/stop-at.mjs.
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newFolder } from './folder.ts';
import type { Member } from './daemons.ts';
import { until } from './wait.ts';

export interface StopAt {
  /** What the daemons are started with. */
  child: { preload: string; env: Record<string, string> };
  /** The next daemon that comes to the place stops there; gives, when that has happened, which it is. */
  arm: (place: RegExp) => Promise<(members: readonly Member[]) => Promise<Member>>;
}

export async function stopAt(): Promise<StopAt> {
  const file = join(await newFolder(), 'stop-at');
  return {
    child: { preload: 'test/fixtures/stop-at.mjs', env: { STOP_AT: file } },
    async arm(place) {
      await writeFile(file, place.source);
      return (members) =>
        until(`a daemon comes to ${place.source}`, () =>
          existsSync(file) ? undefined : members.find((member) => isStopped(member.pid())),
        );
    },
  };
}

/** Whether the process is stopped by a signal. */
function isStopped(pid: number | undefined): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
