// What of an admin's PostgreSQL keeps the store from it, or its statements: said with the database's name and what to do.
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { MOST_CONNECTIONS } from '../../src/store/postgres-session.ts';
import { openPool } from '../../src/store/postgres.ts';
import { lookAtPostgres } from '../../src/store/postgres-faults.ts';
import { openState, openStore } from '../../src/store/index.ts';
import type { Tables } from '../../src/store/tables.ts';
import { ownCluster } from '../support/places.ts';
import { hasPostgres } from '../support/postgres.ts';

/** Runs statements on it by a connection of their own. */
async function admin(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The address with another user or database. */
function changed(url: string, parts: { username?: string; pathname?: string }): string {
  return Object.assign(new URL(url), parts).href;
}

interface Case {
  what: string;
  /** How the database is made, as CREATE DATABASE takes it. */
  how?: string;
  /** Makes it unusable; gives the address to open. */
  spoil: (url: string) => Promise<string>;
  words: string[];
}

const nameOf = (url: string): string => new URL(url).pathname.slice(1);

const CASES: Case[] = [
  {
    what: 'a database that is not there',
    spoil: async (url) => changed(url, { pathname: '/none' }),
    words: ['is not there', 'createdb'],
  },
  {
    what: 'a role that is not there',
    spoil: async (url) => changed(url, { username: 'nobody' }),
    words: ['does not let lava-bridge in', 'pg_hba.conf'],
  },
  {
    what: 'a role that may not log in',
    spoil: async (url) => {
      await admin(url, 'CREATE ROLE locked_out NOLOGIN');
      return changed(url, { username: 'locked_out' });
    },
    words: ['does not let lava-bridge in'],
  },
  {
    what: 'a role that may make no tables',
    spoil: async (url) => {
      await admin(url, 'CREATE ROLE guest LOGIN', 'REVOKE CREATE ON SCHEMA public FROM PUBLIC');
      return changed(url, { username: 'guest' });
    },
    words: ['guest', 'ALTER DATABASE'],
  },
  {
    what: 'a role that may not connect',
    spoil: async (url) => {
      await admin(url, 'CREATE ROLE stranger LOGIN', `REVOKE CONNECT ON DATABASE ${nameOf(url)} FROM PUBLIC`);
      return changed(url, { username: 'stranger' });
    },
    words: ['owner'],
  },
  {
    what: 'a database that is set to read only',
    spoil: async (url) => {
      await admin(url, `ALTER DATABASE ${nameOf(url)} SET default_transaction_read_only = on`);
      return url;
    },
    words: ['standby', 'primary'],
  },
  {
    what: 'an encoding that cannot hold every text',
    how: "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
    spoil: async (url) => url,
    words: ['LATIN1', '--encoding=UTF8'],
  },
  {
    what: 'a role with no connection left',
    spoil: async (url) => {
      await admin(url, 'CREATE ROLE crowd LOGIN CONNECTION LIMIT 0');
      return changed(url, { username: 'crowd' });
    },
    words: ['no connection left', String(MOST_CONNECTIONS)],
  },
  {
    what: 'TLS that the server does not have',
    spoil: async (url) => `${url}&sslmode=require`,
    words: ['by TLS', 'sslrootcert'],
  },
  {
    what: 'a certificate of a signer that is not there',
    spoil: async (url) => `${url}&sslmode=verify-full&sslrootcert=/none/ca.crt`,
    words: ['cannot be read', '/none/ca.crt'],
  },
];

describe.runIf(hasPostgres())('a database that cannot be used', () => {
  it.each(CASES)(
    'is refused at the start and by check, with what to do: $what',
    async ({ how, spoil, words }) => {
      const url = await spoil(await (await ownCluster()).database(how));

      const start = openStore({ postgres: url }).then((store) => store.close());
      await expect(start).rejects.toMatchObject({ code: 'store' });
      const said = await start.catch((error: Error) => error.message);
      const state = await openState({ postgres: url });
      const found = await state.look().catch((error: Error) => ({ faults: [error.message] }));
      await state.close();
      for (const word of words) for (const text of [said, found?.faults.join()]) expect(text).toContain(word);
    },
  );

  it('is told from one that a pooler gives another session for each transaction', async () => {
    const url = await (await ownCluster()).database();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const pooler = {
      connect: async () => ({ query: client.query.bind(client), release: () => undefined }),
      end: () => client.end(),
    };
    const pooled = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: pooler as unknown as pg.Pool }),
      plugins: [new CamelCasePlugin()],
    });
    const own = openPool(url, { connections: 2, statementMs: 10_000 }).db;

    expect((await lookAtPostgres(pooled)).faults.join()).toContain('pool_mode = session');
    expect((await lookAtPostgres(own)).faults).toEqual([]);
    await Promise.all([pooled.destroy(), own.destroy()]);
  });
});

describe.runIf(hasPostgres())('the session of a connection', () => {
  it('is set as the store needs it, whatever the database has as its defaults', async () => {
    const url = await (await ownCluster()).database();
    const defaults = [
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'idle_session_timeout',
    ].map((name) => `ALTER DATABASE ${nameOf(url)} SET ${name} = '1min'`);
    await admin(
      url,
      ...defaults,
      `ALTER DATABASE ${nameOf(url)} SET default_transaction_isolation = 'serializable'`,
    );
    const { db } = openPool(url, { connections: 1, statementMs: 20_000, readOnly: true });

    const { rows } = await sql`
      SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
        current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('idle_session_timeout') AS unused,
        current_setting('transaction_isolation') AS isolation, current_setting('transaction_read_only') AS read_only`.execute(
      db,
    );

    expect(rows[0]).toEqual({
      statement: '20s',
      lock: '10s',
      idle: '0',
      unused: '0',
      isolation: 'read committed',
      readOnly: 'on',
    });
    await db.destroy();
  });
});
