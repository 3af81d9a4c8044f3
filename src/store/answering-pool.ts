// Connections to PostgreSQL that are not used again once one of them gave no answer: a firewall that has forgotten a connection, or a
// machine that failed over, leaves it mute for good, and no error ever comes.
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';

/** A connection of the pool, and when it last answered (by `performance.now()`). */
interface Known {
  client: PostgresPoolClient;
  answeredAt: number;
}

/** A pool as kysely uses it. A statement that gets no answer in the pool's `query_timeout` fails, and its connection is ended. */
export function answeringPool(pool: pg.Pool): PostgresPool {
  const known = new WeakMap<pg.PoolClient, Known>();
  /** When the last statement began that got no answer: what has not answered since may be as mute. */
  let muteSince = -Infinity;

  function answering(client: pg.PoolClient): Known {
    async function query(text: unknown, parameters: readonly unknown[] = []): Promise<unknown> {
      if (typeof text !== 'string') throw new TypeError('the store reads with no cursors');
      const began = performance.now();
      try {
        const result = await client.query(text, [...parameters]);
        own.answeredAt = performance.now();
        return result;
      } catch (error) {
        if (error instanceof pg.DatabaseError) throw error;
        muteSince = began;
        // Whatever else is asked of it, such as a rollback, fails at once.
        if (client instanceof pg.Client) client.end().catch(() => undefined);
        throw error;
      }
    }

    const own: Known = {
      client: { query, release: (destroy) => client.release(destroy) } as PostgresPoolClient,
      answeredAt: performance.now(),
    };
    known.set(client, own);
    return own;
  }

  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      for (;;) {
        const client = await pool.connect();
        const { client: found, answeredAt } = known.get(client) ?? answering(client);
        if (answeredAt > muteSince) return found;
        client.release(true);
      }
    },
  };
}
