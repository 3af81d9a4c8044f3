// The places that a store may have, for tests that hold both kinds to the same: PostgreSQL's is a cluster of the test file's own.
import { join } from 'node:path';
import type { StorePlace } from '../../src/store/index.ts';
import { atEndOfFile } from './at-end.ts';
import { newFolder } from './folder.ts';
import { hasPostgres, startCluster, type Cluster } from './postgres.ts';

let cluster: Promise<Cluster> | undefined;

/** The test file's own cluster; it ends with the file. */
export function ownCluster(): Promise<Cluster> {
  if (cluster !== undefined) return cluster;
  const started = startCluster();
  cluster = started;
  atEndOfFile(async () => {
    cluster = undefined;
    await (await started).stop();
  });
  return started;
}

/** By the kind's name: makes an empty place. */
export const PLACES: Record<string, () => Promise<StorePlace>> = {
  SQLite: async () => ({ sqlite: join(await newFolder(), 'sub', 'bridge.db') }),
  ...(hasPostgres() && {
    PostgreSQL: async () => ({ postgres: await (await ownCluster()).database() }),
  }),
};
