// The report of the lab that is sent by itself.
import { beforeAll, describe, expect, it, afterAll } from 'vitest';
import { z } from 'zod';
import { DAY } from '../../src/core/time.ts';
import { lastDue } from '../../src/notify/summaries.ts';
import { Summary } from '../../src/reporting/summary.ts';
import { startWebhook } from '../support/webhook.ts';
import { testWorld, until } from '../support/world.ts';

const Report = z.object({ summary: Summary, text: z.string() });
/** Notifications come the same way. */
const Posted = z.union([Report, z.object({ began: z.array(z.string()) })]);

/** At seven of the day after, whatever the time is now. */
function nextMorning(now: number): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1, 7).getTime();
}

it('the day’s report is sent each morning, once, also over a restart', async () => {
  const webhook = await startWebhook(Posted);
  const { url } = webhook;
  const reports = (): z.infer<typeof Report>[] => webhook.posted.filter((one) => 'summary' in one);
  const world = await testWorld({
    config: { notify: { webhook: { url }, summary: 'day' } },
    delays: { claimSettle: 100, kcidbFirstLook: 100, notify: 100 },
  });
  await world.ended(world.publish({ scenario: 'boot-panic-hang' }));
  expect(reports()).toEqual([]);

  const ended = world.daemon.context.now();
  world.jump(nextMorning(ended) - ended);
  await until('it is sent', () => (reports().length > 0 ? true : undefined));
  const [{ summary, text } = { summary: undefined, text: '' }] = reports();
  expect(summary).toMatchObject({ jobs: 1, layers: { kernel: 1 } });
  expect(summary?.until).toBe(summary?.since);
  expect(text).toContain('Boards that fail:');

  await world.daemon.stop();
  await world.restart();
  await world.ended(world.publish({ scenario: 'all-passes' }));
  expect(reports()).toHaveLength(1);
  world.jump(DAY);
  await until('the next one is sent', () => (reports().length > 1 ? true : undefined));
  expect(reports().map(({ summary: { since } }) => since)).toEqual([
    ...new Set(reports().map(({ summary: { since } }) => since)),
  ]);
});

describe('a report is due', () => {
  const zone = process.env['TZ'];
  beforeAll(() => void (process.env['TZ'] = 'Europe/Berlin'));
  afterAll(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it.each([
    ['day', '2026-11-25T05:01:00Z', '2026-11-25T05:00:00Z'],
    ['day', '2026-11-25T04:59:00Z', '2026-11-24T05:00:00Z'],
    ['week', '2026-11-23T05:00:00Z', '2026-11-23T05:00:00Z'],
    ['week', '2026-11-23T04:59:00Z', '2026-11-16T05:00:00Z'],
    ['week', '2026-11-29T23:30:00Z', '2026-11-23T05:00:00Z'],
    // The clocks go back on 25 October, a Sunday.
    ['week', '2026-10-26T12:00:00Z', '2026-10-26T05:00:00Z'],
    ['week', '2026-10-25T12:00:00Z', '2026-10-19T04:00:00Z'],
  ] as const)('each %s at six by the clock on the wall (%s)', (period, now, due) => {
    expect(new Date(lastDue(Date.parse(now), period)).toISOString()).toBe(new Date(due).toISOString());
  });
});
