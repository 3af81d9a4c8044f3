// Reads Maestro's event history without a gap. The history has no cursor, no order, a strict `from`, and times of
// milliseconds that several events share; so each round begins some time before the last event that was seen, goes on
// page by page, and what was seen before is left out by its id.
import { parseTime, type Clock } from '../core/time.ts';
import type { MaestroClient, MaestroEvent, OddItem } from './client.ts';
import type { QueryValue } from './answers.ts';

/** Where readers keep how far they are: milliseconds since the epoch, by Maestro's clock, under a name. */
export interface CursorStore {
  load: (name: string) => Promise<number | undefined>;
  save: (name: string, at: number) => Promise<void>;
}

export interface EventReaderOptions {
  client: Pick<MaestroClient, 'events'>;
  cursors: CursorStore;
  /** The reader's name in the cursor store. */
  name: string;
  filter: Record<string, QueryValue>;
  /** Whether each event comes with its node. */
  recursive: boolean;
  /** How far before the last event that was seen a round begins, milliseconds. */
  overlapMs: number;
  /** How far back the very first round begins, milliseconds. */
  firstMs: number;
  pageSize?: number;
  maxPages?: number;
  clock: Clock;
}

export interface EventReader {
  /**
   * One round. `handle` gets each new event; if it throws, the event comes again in the next round, and the others go
   * on. Gives whether all there was has been read.
   */
  read: (
    handle: (event: MaestroEvent) => Promise<void>,
    onOdd: (odd: OddItem) => void,
    signal: AbortSignal,
  ) => Promise<{ complete: boolean; failures: unknown[] }>;
}

// Recursive searches may have 1000 at most; half of it keeps an answer at a few megabytes.
const PAGE_SIZE = 500;
const MAX_PAGES = 100;

/** Reads the events that match `filter`, from a stored position on; nothing is read before the first round. */
export function createEventReader(options: EventReaderOptions): EventReader {
  const { client, cursors, name, filter, recursive, overlapMs, firstMs, clock } = options;
  const { pageSize = PAGE_SIZE, maxPages = MAX_PAGES } = options;
  /** The events that were seen and may come again, with their times. */
  const seen = new Map<string, number>();
  let position: number | undefined;

  async function moveTo(at: number): Promise<void> {
    for (const [id, time] of seen) if (time <= at - overlapMs) seen.delete(id);
    if (at === position) return;
    await cursors.save(name, at);
    position = at;
  }

  return {
    read: async (handle, onOdd, signal) => {
      const start = (position ??= (await cursors.load(name)) ?? clock() - firstMs);
      let newest = start;
      let oldestFailed = Infinity;
      const failures: unknown[] = [];
      let complete = false;
      for (let page = 0; page < maxPages && !complete; page++) {
        const offset = page * pageSize;
        const answer = await client.events({
          from: start - overlapMs,
          filter,
          limit: pageSize,
          offset,
          recursive,
          signal,
        });
        complete = answer.count < pageSize;
        answer.odd.forEach(onOdd);
        for (const event of answer.events) {
          const at = parseTime(event.timestamp) ?? start;
          newest = Math.max(newest, at);
          if (seen.has(event.id)) continue;
          try {
            await handle(event);
            seen.set(event.id, at);
          } catch (error) {
            failures.push(error);
            oldestFailed = Math.min(oldestFailed, at);
          }
        }
      }
      // Never back: what failed lies within the overlap, and what was seen before that is remembered no more.
      await moveTo(Math.max(start, Math.min(newest, oldestFailed)));
      return { complete, failures };
    },
  };
}
