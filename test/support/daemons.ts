// Two daemons on one database in PostgreSQL, each a process of its own, with the simulators in this one.
import { readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { freePort } from '../../src/sim/free-port.ts';
import { atEnd } from './at-end.ts';
import { childDaemon, type ChildDaemon, type ChildOptions } from './child.ts';
import { ownCluster } from './places.ts';
import { until } from './wait.ts';
import { testWorld, type TestWorld } from './world.ts';

export interface Member extends ChildDaemon {
  url: string;
  get: (path: string) => Promise<unknown>;
}

export interface Pair {
  world: TestWorld;
  one: Member;
  two: Member;
  /** By the name of the work: the pid of the daemon that holds it. */
  holders: () => Promise<Map<string, number>>;
  /** Which of the two holds that work. */
  holderOf: (name: string) => Promise<Member | undefined>;
  /** Fulfilled when that daemon holds it all, or each its share. */
  settled: (how: 'both' | Member) => Promise<void>;
  sql: (text: string) => Promise<Record<string, unknown>[]>;
}

const Config = z.looseObject({ http: z.looseObject({}) });

/** Neither daemon is started yet. `way`: gives the URL by which one of them reaches the database. */
export async function pairOfDaemons(
  options: Parameters<typeof testWorld>[0] = {},
  settings: ChildOptions = { quick: true },
  way: (url: string) => Promise<string> = async (url) => url,
): Promise<Pair> {
  const url = await (await ownCluster()).database();
  const world = await testWorld({ ...options, config: { store: { postgres: url }, ...options.config } });
  await world.daemon.stop();
  world.daemon.stop = async () => undefined;
  const content = Config.parse(parse(await readFile(world.configFile, 'utf8')));
  const listen = `127.0.0.1:${await freePort()}`;
  const second = `${world.folder}/second.yaml`;
  const http = { ...content.http, listen, api_listen: listen, pages_listen: listen };
  for (const [file, own] of [
    [world.configFile, {}],
    [second, { http }],
  ] as const) {
    const store = { postgres: await way(url) };
    await writeFile(file, stringify({ ...content, ...own, store }), { mode: 0o600 });
  }

  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  atEnd(() => client.end());

  const member = (configFile: string, at: string): Member => ({
    ...childDaemon(configFile, at, settings),
    url: at,
    async get(path) {
      const answer = await fetch(`${at}${path}`, { headers: { authorization: `Bearer ${world.token}` } });
      return answer.json();
    },
  });
  const one = member(world.configFile, world.url);
  const two = member(second, `http://${listen}`);
  const sql: Pair['sql'] = async (text) => (await client.query<Record<string, unknown>>(text)).rows;

  async function holders(): Promise<Map<string, number>> {
    const rows = await sql('SELECT l.name, p.pid FROM leases l JOIN processes p ON p.id = l.holder');
    return new Map(
      z
        .array(z.object({ name: z.string(), pid: z.number() }))
        .parse(rows)
        .map((row) => [row.name, row.pid]),
    );
  }

  return {
    world,
    one,
    two,
    holders,
    async holderOf(name) {
      const pid = (await holders()).get(name);
      return [one, two].find((each) => each.pid() === pid);
    },
    async settled(how) {
      await until('the work is shared', async () => {
        const pids = [...(await holders()).values()];
        if (pids.length < 5) return undefined;
        const ofOne = pids.filter((pid) => pid === one.pid()).length;
        const ofTwo = pids.filter((pid) => pid === two.pid()).length;
        if (how === 'both')
          return ofOne + ofTwo === pids.length && Math.abs(ofOne - ofTwo) <= 1 ? true : undefined;
        return (how === one ? ofOne : ofTwo) === pids.length ? true : undefined;
      });
    },
    sql,
  };
}
