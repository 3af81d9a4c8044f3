// Processes and leases in PostgreSQL. The time of a lease is that of its process: so renewing all leases is a change of one row,
// and the row of a lease changes only when it is taken or becomes free. Whatever is decided under a lease locks its row (FOR
// SHARE) until it is stored, so that a takeover waits for that.
import { sql } from 'kysely';
import { z } from 'zod';
import { LostLeaseError, type Lease } from '../core/lease.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import type { Connection, Tx } from './connection.ts';
import { configurationState, LEASE_TTL, type LeaseStore } from './lease-contract.ts';
import type { News } from './feed.ts';
import type { Notice, Notices } from './notices.ts';
import { countDeaths, forgetRunning } from './under-way.ts';

/** The database's time (ms), as it is within a transaction as well. */
const NOW = sql<number>`CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)`;

const Names = z.array(z.string()).catch([]);
const namesIn = (text: string): string[] => Names.parse(tryJson(text, PARSE_LIMITS.file));

/** How it tells the others, and what it does with what it hears. */
interface Telling {
  open: (onNotice: (notice: Notice) => void) => Notices;
  onNews: (news: News) => void;
}

/** The store keeps for itself when to tell and when to stop. */
interface OwnLeaseStore extends LeaseStore {
  /** Tells the others what this process stored. */
  tell: (news: News) => void;
  /** No longer listens. */
  close: () => Promise<void>;
}

/** Processes and leases, and what the others are told of this process. */
export function createLeaseStore(connection: Connection, processId: string, telling: Telling): OwnLeaseStore {
  const table = createLeaseTable(connection, processId);
  let notices: Notices | undefined;
  let isAlone = true;
  let onWork: () => void = () => undefined;
  let onNews: (news: News) => void = () => undefined;

  function hear({ work, ...news }: Notice): void {
    if (work) onWork();
    if (Object.keys(news).length === 0) return;
    telling.onNews(news);
    onNews(news);
  }

  return {
    ...table,
    ...createStateTable(connection, processId),
    processId,
    enter(facts) {
      notices ??= telling.open(hear);
      return table.enter(facts);
    },
    async sharedWork() {
      const shared = await table.sharedWork();
      isAlone = shared.processes.length <= 1;
      return shared;
    },
    // With nobody to hear it, it costs nothing.
    tell(news) {
      if (!isAlone) notices?.tell(news);
    },
    tellWork: () => notices?.tell({ work: true }),
    onWork: (listener) => (onWork = listener),
    onNews: (listener) => (onNews = listener),
    close: async () => notices?.close(),
  };
}

type LeaseTable = Pick<
  LeaseStore,
  'time' | 'enter' | 'renew' | 'bury' | 'sharedWork' | 'take' | 'release' | 'leave'
>;

function createLeaseTable({ read, write, jot }: Connection, processId: string): LeaseTable {
  return {
    time: () => read(async (db) => (await db.selectNoFrom(NOW.as('at')).executeTakeFirstOrThrow()).at),

    enter: ({ host, pid, version, names }) =>
      write(async (tx) => {
        const facts = { host, pid, version, names: JSON.stringify(names) };
        const until = sql<number>`${NOW} + ${sql.lit(LEASE_TTL)}`;
        await tx
          .insertInto('processes')
          .values({ id: processId, ...facts, startedAt: NOW, inTimeSince: NOW, until })
          .onConflict((c) => c.column('id').doUpdateSet(facts))
          .execute();
      }),

    async renew() {
      let isAlive = false;
      // If the database's machine fails, an older time is there again: the process is only thought dead sooner.
      await jot(async (db) => {
        const renewed = await db
          .updateTable('processes')
          .set((e) => ({
            until: sql<number>`${NOW} + ${sql.lit(LEASE_TTL)}`,
            inTimeSince: e.case().when('until', '<', NOW).then(NOW).else(e.ref('inTimeSince')).end(),
          }))
          .where('id', '=', processId)
          .returning('id')
          .executeTakeFirst();
        isAlive = renewed !== undefined;
      });
      return isAlive;
    },

    bury: () =>
      write(async (tx) => {
        const dead = await tx
          .deleteFrom('processes')
          .where('id', '!=', processId)
          .where('until', '<', NOW)
          .where((e) =>
            e.exists(
              e
                .selectFrom('processes as own')
                .select('own.id')
                .where('own.id', '=', processId)
                .where('own.inTimeSince', '<=', sql<number>`${NOW} - ${sql.lit(LEASE_TTL)}`),
            ),
          )
          .returning('id')
          .execute();
        const ids = dead.map(({ id }) => id);
        if (ids.length > 0) await countDeaths(tx, ids);
        await forgetConfigurations(tx, ids);
        return ids;
      }),

    sharedWork: () =>
      read(async (db) => {
        const processes = await db
          .selectFrom('processes')
          .select(['id', 'host', 'pid', 'version', 'names', 'startedAt'])
          .select(sql<number>`until - ${NOW}`.as('restMs'))
          .orderBy('id')
          .execute();
        const leases = await db
          .selectFrom('leases')
          .select(['name', 'holder', 'fence'])
          .orderBy('name')
          .execute();
        return {
          processes: processes.map((row) => ({
            ...row,
            names: namesIn(row.names),
          })),
          leases,
        };
      }),

    take: (name) =>
      write((tx) =>
        tx
          .insertInto('leases')
          // Later than that of a row of the same name that was removed.
          .values({ name, holder: processId, fence: NOW })
          .onConflict((c) =>
            c
              .column('name')
              .doUpdateSet({ holder: processId, fence: sql<number>`leases.fence + 1` })
              .where('leases.holder', 'is', null),
          )
          .returning(['name', sql<string>`holder`.as('holder'), 'fence'])
          .executeTakeFirst(),
      ),

    release: ({ name, holder, fence }) =>
      write(async (tx) => {
        await tx
          .updateTable('leases')
          .set({ holder: null })
          .where('name', '=', name)
          .where('holder', '=', holder)
          .where('fence', '=', fence)
          .execute();
      }),

    leave: () =>
      write(async (tx) => {
        await tx.deleteFrom('processes').where('id', '=', processId).execute();
        await forgetConfigurations(tx, [processId]);
      }),
  };
}

/** None of the processes works on this database. */
export async function forgetProcesses(tx: Tx): Promise<void> {
  const known = await tx.deleteFrom('processes').returning('id').execute();
  await tx.updateTable('leases').set({ holder: null }).execute();
  await forgetRunning(tx);
  await forgetConfigurations(
    tx,
    known.map(({ id }) => id),
  );
}

async function forgetConfigurations(tx: Tx, processIds: readonly string[]): Promise<void> {
  for (const id of processIds)
    await tx.deleteFrom('knownStates').where('name', '=', configurationState(id)).execute();
}

/** What each process knows of the work that it does. */
function createStateTable(
  { read, write, jot }: Connection,
  processId: string,
): Pick<LeaseStore, 'saveState' | 'states' | 'forgetStates'> {
  return {
    saveState: (name, body) =>
      jot(async (db) => {
        const values = { process: processId, at: NOW, body };
        await db
          .insertInto('knownStates')
          .values({ name, ...values })
          .onConflict((c) => c.column('name').doUpdateSet(values))
          .execute();
      }),

    states: () =>
      read((db) =>
        db
          .selectFrom('knownStates')
          .select(['name', 'body'])
          .select(sql<number>`${NOW} - at`.as('ageMs'))
          .where('process', '!=', processId)
          .execute(),
      ),

    forgetStates: (before) =>
      write(async (tx) => {
        await tx
          .deleteFrom('knownStates')
          .where('at', '<', sql<number>`${NOW} - ${sql.lit(before)}`)
          .execute();
        const processes = await tx.selectFrom('processes').select('names').execute();
        const wanted = processes.flatMap(({ names }) => namesIn(names));
        await tx
          .deleteFrom('leases')
          .where('holder', 'is', null)
          .where('name', 'not in', [...wanted, ''])
          .where((e) =>
            e.not(e.exists(e.selectFrom('knownStates').whereRef('knownStates.name', '=', 'leases.name'))),
          )
          .execute();
      }),
  };
}

/** The same connection, of which no write is stored once another process has the lease. */
export function underLease(connection: Connection, lease: Lease): Connection {
  return {
    ...connection,
    write: (work) =>
      connection.write(async (tx) => {
        await hold(tx, lease);
        return work(tx);
      }),
  };
}

/** Throws LostLeaseError if the lease is no longer held; else it is until the transaction ends. */
async function hold(tx: Tx, { name, holder, fence }: Lease): Promise<void> {
  const held = await tx
    .selectFrom('leases')
    .select('name')
    .where('name', '=', name)
    .where('holder', '=', holder)
    .where('fence', '=', fence)
    .forShare()
    .executeTakeFirst();
  if (held === undefined) throw new LostLeaseError(name);
}
