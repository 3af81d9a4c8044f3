import { expect, it } from 'vitest';
import { createLiveLog } from '../../src/lifecycle/live-log.ts';
import { LAB, testWorld } from '../support/world.ts';

it('asks LAVA for a job’s log only while there is a reader', async () => {
  const world = await testWorld();
  const nodeId = world.publish({ scenario: 'long' });
  await world.at(nodeId, 'running');
  const asked = (): number => world.lava.calls.get('scheduler.jobs.logs') ?? 0;
  expect(asked()).toBe(0);
  const reader = new AbortController();
  const options = { follow: true, raw: false, signal: reader.signal };

  const log = createLiveLog(world.daemon.context).open(`${LAB}:${nodeId}`, options);
  expect((await log?.next())?.value).toContain('Linux version');
  while (asked() < 2) await log?.next();
  reader.abort();
  const before = asked();

  // With its end nothing is left that could ask.
  expect(await log?.next()).toEqual({ done: true, value: undefined });
  expect(asked()).toBe(before);
});
