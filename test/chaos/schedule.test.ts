// A seed is a run's name: whoever has it has the faults.
import { describe, expect, it } from 'vitest';
import { planFaults, TARGETS } from './schedule.ts';

const TEN_MINUTES = 600_000;

describe('the schedule of a run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(7, TEN_MINUTES, 100)).toEqual(planFaults(7, TEN_MINUTES, 100));
    expect(planFaults(8, TEN_MINUTES, 100)).not.toEqual(planFaults(7, TEN_MINUTES, 100));
  });

  it('kills the daemon as often as it was asked to', () => {
    const { deaths } = planFaults(7, TEN_MINUTES, 100);
    expect(deaths.filter(({ signal }) => signal === 'SIGKILL')).toHaveLength(100);
  });

  it('strikes each target, one strike after the other', () => {
    const { strikes } = planFaults(7, TEN_MINUTES, 0);
    for (const target of TARGETS) {
      const own = strikes.filter((strike) => strike.target === target);
      expect(own.length, target).toBeGreaterThan(1);
      for (const [i, { at }] of own.slice(1).entries()) {
        const before = own[i];
        expect(at).toBeGreaterThan((before?.at ?? 0) + (before?.lasts ?? 0));
      }
    }
  });

  it('begins alike when it is to last longer', () => {
    const short = planFaults(7, TEN_MINUTES, 10).strikes;
    const long = planFaults(7, 2 * TEN_MINUTES, 10).strikes;
    expect(long.slice(0, short.length)).toEqual(short);
  });
});
