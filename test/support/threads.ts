// The threads of this process.
import { readdirSync, readFileSync } from 'node:fs';

/** How many threads of workers Node has here. */
export function workerThreads(): number {
  return readdirSync('/proc/self/task').filter((thread) => nameOf(thread) === 'WorkerThread').length;
}

function nameOf(thread: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
  } catch {
    return undefined; // it has ended since
  }
}
