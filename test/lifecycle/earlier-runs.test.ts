// What the store has lost is searched for once, by whichever daemon does it, and all that share the store know.
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createEarlierRuns, type EarlierRuns } from '../../src/lifecycle/earlier-runs.ts';
import { LOST_BEFORE, openStore, type Store } from '../../src/store/index.ts';

const log = pino({ level: 'silent' });

function daemonOn(store: Store): Promise<EarlierRuns> {
  return createEarlierRuns({ store, labs: new Map(), hasMaestro: true, log, now: Date.now });
}

it('what one daemon has searched is missing in none, nor after the next start', async () => {
  const store = await openStore({ sqlite: ':memory:' });
  await store.saveSetting(LOST_BEFORE, String(Date.now()));
  const [one, other] = [await daemonOn(store), await daemonOn(store)];
  expect([one, other].map((daemon) => daemon.missing() === undefined)).toEqual([false, false]);

  one.listed();
  await other.follow(AbortSignal.timeout(60_000));

  expect([one, other].map((daemon) => daemon.missing())).toEqual([undefined, undefined]);
  expect((await daemonOn(store)).missing()).toBeUndefined();
  await store.close();
});

it('is missing again after a further loss', async () => {
  const store = await openStore({ sqlite: ':memory:' });
  await store.saveSetting(LOST_BEFORE, '1000');
  const one = await daemonOn(store);
  one.listed();
  await one.follow(AbortSignal.timeout(60_000));

  await store.saveSetting(LOST_BEFORE, '2000');

  expect((await daemonOn(store)).missing()).toContain('Maestro');
  await store.close();
});
