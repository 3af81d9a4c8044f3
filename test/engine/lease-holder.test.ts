// Several holders on one table of leases, each with a clock that can stand still as a stopped process does.
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { mayAct } from '../../src/core/acting.ts';
import { createLeaseHolder, type LeaseTable } from '../../src/engine/lease-holder.ts';
import type { Held, Holder, Work } from '../../src/engine/lease.ts';
import { atEnd, until } from '../support/world.ts';

/** As in the database, but with a clock that the test sets. */
function sharedTable() {
  let now = 0;
  const ttl = 8000;
  const processes = new Map<string, { names: readonly string[]; until: number }>();
  const leases = new Map<string, { holder: string | null; fence: number }>();
  const down = new Set<string>();

  function remove(id: string): void {
    processes.delete(id);
    for (const lease of leases.values()) if (lease.holder === id) lease.holder = null;
  }

  function of(processId: string): LeaseTable {
    const reached = (): void => {
      if (down.has(processId)) throw new Error('no database');
    };
    return {
      processId,
      async enter(names) {
        reached();
        processes.set(processId, { until: now + ttl, ...processes.get(processId), names });
      },
      async renew() {
        reached();
        const own = processes.get(processId);
        if (own !== undefined) own.until = now + ttl;
        return own !== undefined;
      },
      async bury() {
        const dead = [...processes].filter(([, { until: end }]) => end < now).map(([id]) => id);
        for (const id of dead) remove(id);
        return dead;
      },
      async sharedWork() {
        reached();
        return {
          processes: [...processes].map(([id, { names, until: end }]) => ({
            id,
            host: `host-of-${id}`,
            pid: 1,
            names,
            restMs: end - now,
          })),
          leases: [...leases].map(([name, lease]) => ({ name, ...lease })),
        };
      },
      async take(name) {
        const known = leases.get(name);
        if (known !== undefined && known.holder !== null) return undefined;
        const lease = { holder: processId, fence: (known?.fence ?? 0) + 1 };
        leases.set(name, lease);
        return { name, ...lease };
      },
      async release({ name, holder, fence }) {
        reached();
        const known = leases.get(name);
        if (known?.holder === holder && known.fence === fence) known.holder = null;
      },
      async leave() {
        remove(processId);
      },
    };
  }

  return { of, down, leases, pass: (ms: number) => (now += ms), now: () => now };
}

const NAMES = ['lab a', 'lab b', 'lab c', 'lab d', 'destination x', 'maintenance'];

function world(names = NAMES) {
  const table = sharedTable();
  const holders = new Map<string, Holder>();
  /** By work: what runs it now. */
  const running = new Map<string, { by: string; held: Held; act: () => void }[]>();
  const clocks = new Map<string, number>();
  const said: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => said.push(line) });

  async function start(id: string, endsWithin: (name: string) => Promise<void> = async () => undefined) {
    clocks.set(id, 0);
    const works = names.map((name): Work => ({
      name,
      async run(held, signal) {
        const list = running.get(name) ?? [];
        running.set(name, list);
        const own = { by: id, held, act: () => mayAct() };
        list.push(own);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await endsWithin(name);
        list.splice(list.indexOf(own), 1);
      },
    }));
    const holder = createLeaseHolder({
      table: table.of(id),
      works,
      log,
      ttl: 8000,
      steady: () => table.now(),
      onFreed: () => wakeAll(),
      onFailed: () => undefined,
    });
    holders.set(id, holder);
    atEnd(async () => {
      if (holders.delete(id)) await holder.stop();
    });
    await holder.start();
    wakeAll();
  }

  const wakeAll = (): void => {
    for (const holder of holders.values()) holder.wake();
  };
  const by = (id: string): number => [...running.values()].flat().filter((own) => own.by === id).length;
  const shares = (...expected: [string, number][]) =>
    until('the work is shared', async () => {
      wakeAll();
      const isSo = expected.every(([id, n]) => by(id) === n);
      return isSo && [...running.values()].every((list) => list.length <= 1) ? true : undefined;
    });
  return { table, holders, running, start, shares, by, said };
}

describe('work', () => {
  it('is done by each daemon in its share, moves on when one stops, and back when one comes', async () => {
    const { start, shares, holders } = world();
    await start('a');
    await shares(['a', 6]);
    await start('b');
    await shares(['a', 3], ['b', 3]);

    const a = holders.get('a');
    holders.delete('a');
    await a?.stop();
    await shares(['b', 6]);
    await start('c');
    await shares(['b', 3], ['c', 3]);
  });

  it('of a daemon that is not heard of is taken over, and may not act outside before that', async () => {
    const { start, shares, table, running, said } = world();
    await start('a');
    await start('b');
    await shares(['a', 3], ['b', 3]);
    const ofA = [...running.values()].flat().filter(({ by }) => by === 'a');

    table.down.add('a');
    table.pass(5000);
    for (const { held } of ofA) expect(held.check).not.toThrow();
    await table.of('b').renew();
    table.pass(2000);
    for (const { held } of ofA) expect(held.check).toThrow(/another daemon/);
    await table.of('b').renew();
    table.pass(2000);
    await until('b has it all', async () => {
      const held = [...table.leases.values()].filter(({ holder }) => holder === 'b');
      return held.length === 6 ? true : undefined;
    });
    expect(said.filter((line) => line.includes('has died'))).toEqual([
      expect.stringContaining('host-of-a:1'),
    ]);

    table.down.delete('a');
    await shares(['a', 3], ['b', 3]);
    for (const { held } of ofA) expect(held.check).toThrow(/another daemon/);
  });

  it('begins when the database answers, if it is away while a daemon starts', async () => {
    const { start, shares, table, by } = world();
    table.down.add('a');
    const started = start('a');
    await new Promise(setImmediate);
    expect(by('a')).toBe(0);
    table.down.delete('a');
    await started;
    await shares(['a', 6]);
  });

  it('is given up only when nothing of it is under way any more', async () => {
    const { start, running, table } = world(['lab a', 'lab b']);
    const { promise: isDone, resolve: finish } = Promise.withResolvers<void>();
    await start('a', () => isDone);
    await start('b');
    await until('one is asked to end', async () =>
      [...running.values()].flat().length === 2 ? true : undefined,
    );
    expect([...table.leases.values()].map(({ holder }) => holder)).toEqual(['a', 'a']);
    finish();
    await until('b has it', async () =>
      [...table.leases.values()].some(({ holder }) => holder === 'b') ? true : undefined,
    );
  });
});
