import { expect, it } from 'vitest';
import { createLogger } from '../../src/core/logger.ts';
import { createOutage, type Outage } from '../../src/engine/outage.ts';

/** An outage by a clock that is set, and what it logged. */
function outageAt(clock: { now: number }): { outage: Outage; said: () => string[] } {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const outage = createOutage(log, 'it fails', 'it works again', undefined, () => clock.now);
  return { outage, said: () => lines.map((line) => /it fails|it works again/.exec(line)?.[0] ?? line) };
}

it('an outage in which some things fail and others work is said once, and its end when nothing fails any more', () => {
  const clock = { now: 0 };
  const { outage, said } = outageAt(clock);
  for (; clock.now < 3_600_000; clock.now += 2000) {
    outage.failed(new Error('no connection left'));
    outage.worked();
  }
  expect(said()).toEqual(['it fails']);

  clock.now += 10_000;
  outage.worked();
  outage.worked();

  expect(said()).toEqual(['it fails', 'it works again']);
});

it('a second outage is said as the first was', () => {
  const clock = { now: 0 };
  const { outage, said } = outageAt(clock);
  for (const _ of [1, 2]) {
    outage.failed(new Error('away'));
    clock.now += 60_000;
    outage.worked();
  }
  expect(said()).toEqual(['it fails', 'it works again', 'it fails', 'it works again']);
});
