// What daemons on one database hear of each other, also after the connection on which they listen has gone.
import { afterAll, describe, expect, it } from 'vitest';
import { openNotices, type Notice, type Notices } from '../../src/store/notices.ts';
import { openPool } from '../../src/store/postgres.ts';
import { sql } from 'kysely';
import { CLOSINGS, wayToDatabase } from '../support/database-way.ts';
import { hasPostgres, startCluster, type Cluster } from '../support/postgres.ts';
import { eventually } from '../support/wait.ts';

let cluster: Cluster | undefined;
afterAll(() => cluster?.stop());

const ASKING = { every: 50, within: 500 };

/** A process of that name, which listens by one URL and tells by another. */
function listener(
  from: string,
  url: string,
  direct: string,
): { heard: Notice[]; notices: Notices; close: () => Promise<void> } {
  const heard: Notice[] = [];
  const { db } = openPool(direct, { connections: 1, statementMs: 10_000 });
  const notices = openNotices({
    url,
    from,
    notify: (channel, text) => sql`SELECT pg_notify(${channel}, ${text})`.execute(db),
    onNotice: (notice) => heard.push(notice),
    asking: ASKING,
  });
  return {
    heard,
    notices,
    async close() {
      await notices.close();
      await db.destroy();
    },
  };
}

describe.runIf(hasPostgres())('what daemons on one database tell each other', () => {
  it('is heard by all but who tells it', async () => {
    const url = await (cluster ??= await startCluster()).database();
    const one = listener('one', url, url);
    const other = listener('other', url, url);
    await eventually(() => expect([one, other].map(({ heard }) => heard.length)).toEqual([1, 1]));

    one.notices.tell({ jobs: ['a'] });
    one.notices.tell({ jobs: ['b'], work: true });

    await eventually(() => expect(other.heard.slice(1)).toMatchObject([{ jobs: ['a', 'b'], work: true }]));
    other.notices.tell({ drains: true });
    await eventually(() => expect(one.heard.slice(1)).toMatchObject([{ drains: true }]));
    await Promise.all([one.close(), other.close()]);
  });

  it.each(CLOSINGS)('is heard again after the way to the database was closed (%s)', async (how) => {
    const url = await (cluster ??= await startCluster()).database();
    const way = await wayToDatabase(url);
    const one = listener('one', url, url);
    const other = listener('other', way.url, url);
    await eventually(() => expect(other.heard.length).toBe(1));

    way.close(how);
    one.notices.tell({ jobs: ['a'] });
    way.open();

    await eventually(() => {
      one.notices.tell({ jobs: ['b'] });
      expect(other.heard.slice(1)).toContainEqual(expect.objectContaining({ jobs: ['b'] }));
    });
    // What was told meanwhile was heard late, or anything may have changed.
    const heard = other.heard.slice(1).flatMap(({ jobs }) => jobs ?? []);
    expect(heard.includes('a') || heard.includes('all')).toBe(true);
    await Promise.all([one.close(), other.close()]);
  });

  it('is told before its teller has closed', async () => {
    const url = await (cluster ??= await startCluster()).database();
    const one = listener('one', url, url);
    const other = listener('other', url, url);
    await eventually(() => expect(other.heard.length).toBe(1));

    one.notices.tell({ work: true });
    await one.close();

    await eventually(() => expect(other.heard.slice(1)).toMatchObject([{ work: true }]));
    await other.close();
  });
});
