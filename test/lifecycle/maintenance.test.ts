// How often what is old is removed.
import { describe, expect, it } from 'vitest';
import { BridgeConfig } from '../../src/config/schema.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { sweepEvery } from '../../src/lifecycle/maintenance.ts';

const LAB = {
  name: 'lava-a',
  origin: 'a',
  lava: { url: 'http://lava', user: 'u', token: 't' },
  callback: { token_name: 'n', token: 'x', url: 'http://b' },
};
const every = (retention: object): number =>
  sweepEvery(BridgeConfig.parse({ labs: [LAB], retention }).retention);

describe('what is old', () => {
  it('is removed every hour if nothing is said', () => {
    expect(every({})).toBe(HOUR);
  });

  it('is removed more often where something is kept for a short time, but not all the time', () => {
    expect(every({ evidence: { max_age: '2h' } })).toBe(12 * MINUTE);
    expect(every({ logs: { max_age: '2m' } })).toBe(MINUTE);
  });
});
