// A seed is a run's name: whoever has it has the faults.
import { describe, expect, it } from 'vitest';
import { LEASE_TTL } from '../../src/store/lease-contract.ts';
import { planFaults, TARGETS } from './schedule.ts';

const TEN_MINUTES = 600_000;

/** One daemon, killed so often in so long. */
const alone = (spanMs: number, kills: number) => ({ spanMs, kills, daemons: 1 });
const two = { spanMs: TEN_MINUTES, kills: 100, daemons: 2 };

describe('the schedule of a run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(7, alone(TEN_MINUTES, 100))).toEqual(planFaults(7, alone(TEN_MINUTES, 100)));
    expect(planFaults(8, alone(TEN_MINUTES, 100))).not.toEqual(planFaults(7, alone(TEN_MINUTES, 100)));
  });

  it('kills the daemon as often as it was asked to', () => {
    const { blows } = planFaults(7, alone(TEN_MINUTES, 100));
    expect(blows.filter(({ signal }) => signal === 'SIGKILL')).toHaveLength(100);
  });

  it('strikes each target, one strike after the other', () => {
    const { strikes } = planFaults(7, alone(TEN_MINUTES, 0));
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
    const short = planFaults(7, alone(TEN_MINUTES, 10)).strikes;
    const long = planFaults(7, alone(2 * TEN_MINUTES, 10)).strikes;
    expect(long.slice(0, short.length)).toEqual(short);
  });

  it('kills several daemons as often as one, each about as often as the others', () => {
    const { blows } = planFaults(7, two);
    const killed = blows.flatMap(({ signal, daemon }) => (signal === 'SIGKILL' ? [daemon] : []));
    expect(killed).toHaveLength(100);
    for (const daemon of [0, 1]) expect(killed.filter((n) => n === daemon).length).toBeGreaterThan(30);
  });

  it('pauses each of several daemons for longer than its leases, and never a single one', () => {
    const paused = planFaults(7, two).blows.filter(({ signal }) => signal === 'SIGSTOP');
    expect(new Set(paused.map(({ daemon }) => daemon))).toEqual(new Set([0, 1]));
    for (const { pause } of paused) expect(pause).toBeGreaterThan(LEASE_TTL);
    const single = planFaults(7, alone(TEN_MINUTES, 100)).blows;
    expect(single.map(({ signal }) => signal)).not.toContain('SIGSTOP');
  });

  it('strikes all around several daemons as it does around one, but their database less often', () => {
    const several = Map.groupBy(planFaults(7, two).strikes, ({ target }) => target);
    const single = Map.groupBy(planFaults(7, alone(TEN_MINUTES, 100)).strikes, ({ target }) => target);
    for (const target of TARGETS)
      if (target !== 'store') expect(several.get(target)).toEqual(single.get(target));
    const times = [several, single].map((strikes) => strikes.get('store')?.length ?? 0);
    expect(times[0]).toBeGreaterThan(5);
    expect(times[0]).toBeLessThan(times[1] ?? 0);
  });
});
