import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EventQuery, MaestroEvent } from '../../src/maestro/client.ts';
import { createEventReader } from '../../src/maestro/event-reader.ts';
import { naiveUtc } from '../../src/maestro/changes.ts';

const START = Date.UTC(2026, 7, 21);
const OVERLAP = 100;

/** Between two rounds: how much time passes, and how far behind it each new event's time lies. */
const round = fc.record({
  pause: fc.nat({ max: 300 }),
  lags: fc.array(fc.nat({ max: OVERLAP - 1 }), { maxLength: 8 }),
  /** Which of the events of the round, counted as they come, can't be handled at once. */
  refused: fc.array(fc.nat({ max: 8 }), { maxLength: 2 }),
  /** Whether the reader begins again after the round. */
  restart: fc.boolean(),
});

interface Entry {
  id: string;
  at: number;
}

/** As Maestro answers: what lies after `from`, in an order of its own. */
function page(history: Entry[], { from, limit, offset = 0 }: EventQuery): MaestroEvent[] {
  return history
    .filter(({ at }) => at > from)
    .toSorted((a, b) => ((Number(a.id) * 7919) % 101) - ((Number(b.id) * 7919) % 101))
    .slice(offset, offset + limit)
    .map(({ id, at }) => ({ id, timestamp: naiveUtc(at), data: { id } }));
}

it('gives every event, and without a restart only once, whatever order and times they come in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(round, { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (plan, pageSize) => {
        const history: Entry[] = [];
        const given = new Map<string, number>();
        let cursor: number | undefined;
        let now = START;
        const create = (): ReturnType<typeof createEventReader> =>
          createEventReader({
            client: {
              events: async (query) => {
                const events = page(history, query);
                return { events, odd: [], count: events.length };
              },
            },
            cursors: {
              load: async () => cursor,
              save: async (_name, at) => {
                cursor = at;
              },
            },
            name: 'test',
            filter: {},
            recursive: false,
            overlapMs: OVERLAP,
            firstMs: 0,
            pageSize,
            clock: () => START,
          });
        let reader = create();
        const read = async (refused: number[]): Promise<void> => {
          let nth = 0;
          await reader.read(
            async ({ data }) => {
              if (refused.includes(nth++)) throw new Error('refused');
              given.set(data.id, (given.get(data.id) ?? 0) + 1);
            },
            () => undefined,
            new AbortController().signal,
          );
        };

        for (const { pause, lags, refused, restart } of plan) {
          now += pause;
          for (const lag of lags) {
            history.push({ id: String(history.length), at: Math.max(START + 1, now - lag) });
          }
          await read(refused);
          if (restart) reader = create();
        }
        await read([]);

        expect([...given.keys()].toSorted()).toEqual(history.map(({ id }) => id).toSorted());
        if (!plan.some(({ restart }) => restart)) expect(new Set(given.values()).size).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 300 },
  );
});
