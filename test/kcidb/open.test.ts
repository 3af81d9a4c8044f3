import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSink } from '../../src/kcidb/open.ts';
import { startKcidbSimulator, type KcidbSimulator } from '../../src/sim/kcidb/server.ts';

let kcidb: KcidbSimulator;
beforeEach(async () => {
  kcidb = await startKcidbSimulator();
});
afterEach(() => kcidb.stop());

const report = { kcidb: 'direct' } as const;
const rest = (): string => kcidb.url.replace('://', `://${encodeURIComponent(kcidb.token)}@`);

it('says that KCIDB_REST stands above the configuration', async () => {
  const sink = openSink({ report }, undefined, { KCIDB_REST: rest() });

  expect(await sink?.check()).toContain('KCIDB_REST');
});

it('says nothing of it where the configuration is used', async () => {
  const sink = openSink({ kcidb: { rest: rest(), timeout: 5000 }, report }, undefined, { KCIDB_REST: '' });

  expect(await sink?.check()).not.toContain('KCIDB_REST');
});
