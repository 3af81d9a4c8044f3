// PostgreSQL for tests: a cluster of their own in a temporary folder, reached by a socket in it, so that no port is taken.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { until } from './wait.ts';

/** A running cluster. */
export interface Cluster {
  /** Makes an empty database (`how`: as CREATE DATABASE takes it); gives its URL. */
  database: (how?: string) => Promise<string>;
  /** Restores a dump of a database as another one; gives the URL of that. */
  restored: (url: string) => Promise<string>;
  /** The pids of the server's processes, its main one first. */
  processes: () => number[];
  /** To all of the server's processes, to pause it (SIGSTOP, SIGCONT). */
  signal: (signal: NodeJS.Signals) => void;
  /** Ends the server as a power cut would, and starts it again. */
  restart: () => Promise<void>;
  /** Keeps a copy of the server's files, and puts it back, as with a snapshot of its disk. */
  keepCopy: () => Promise<void>;
  putBack: () => Promise<void>;
  /** Makes a standby, which has what is stored until it is cut off. */
  standby: () => Promise<Standby>;
  /** Ends it and removes all of it. */
  stop: () => Promise<void>;
}

/** A server that stores what the first does. */
export interface Standby {
  /** Hears nothing of what is stored from now on, as when the network between the two is cut. */
  cutOff: () => Promise<void>;
  /** The first is dead, and its address leads here. */
  lead: () => Promise<void>;
  /** Takes writes from now on. */
  promote: () => Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';
const run = promisify(execFile);

/** The folder of PostgreSQL's programs; undefined where it is not installed. */
function programs(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(DEBIAN, newest, 'bin');
}

/**
 * Whether PostgreSQL is there. Where it is not, what needs it is left out, and that is said; never in CI, where it is an
 * error.
 */
export function hasPostgres(): boolean {
  if (programs() !== undefined) return true;
  const words = `PostgreSQL is not installed below ${DEBIAN}: apt-get install postgresql`;
  if (process.env['CI'] === 'true') throw new Error(words);
  process.stderr.write(`\n*** LEFT OUT: all tests of the store on PostgreSQL. ${words} ***\n\n`);
  return false;
}

/** Makes and starts a cluster. `more`: settings, as `name=value`. */
export async function startCluster(more: readonly string[] = []): Promise<Cluster> {
  const bin = programs();
  if (bin === undefined) throw new Error(`PostgreSQL is not installed below ${DEBIAN}`);
  const folder = await mkdtemp(join(tmpdir(), 'lava-bridge-postgres-'));
  const data = join(folder, 'data');
  // Where its socket is, and where its databases are reached: a link, that leads to another server when that takes over.
  const [own, address] = [join(folder, 'own'), join(folder, 'address')];
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? await userOf('postgres') : undefined;
  async function newFolder(path: string): Promise<void> {
    await mkdir(path, { recursive: true });
    if (user !== undefined) await chown(path, user.uid, user.gid);
  }
  await newFolder(folder);
  await newFolder(own);
  await symlink(own, address);
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'bridge', '-A', 'trust', '-E', 'UTF8', '-N'], {
    ...user,
  });

  let databases = 0;

  async function startServer(files: string, socket: string): Promise<ChildProcess> {
    const settings = [
      'listen_addresses=',
      `unix_socket_directories=${socket}`,
      'max_connections=200',
      ...more,
    ];
    const child = spawn(join(bin ?? '', 'postgres'), ['-D', files, ...settings.flatMap((s) => ['-c', s])], {
      ...user,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-5000)));
    for (let tries = 0; tries < 600; tries++) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended: ${words}`);
      if (await answers(socket)) return child;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`PostgreSQL does not answer: ${words}`);
  }

  const urlOf = (name: string, socket = address): string =>
    `postgres://bridge@localhost/${name}?host=${socket}`;

  async function query(text: string, socket = address): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: urlOf('postgres', socket) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  const answers = (socket: string): Promise<boolean> =>
    query('SELECT 1', socket).then(
      () => true,
      () => false,
    );

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(server, 'exit');
    signalAll(server, 'SIGCONT');
    server.kill(signal);
    await ended;
  }

  async function standby(): Promise<Standby> {
    const [files, socket] = [join(folder, 'standby-data'), join(folder, 'standby')];
    await newFolder(socket);
    const from = ['-h', own, '-U', 'bridge', '--checkpoint=fast', '--write-recovery-conf'];
    await run(join(bin ?? '', 'pg_basebackup'), [...from, '-D', files], { ...user });
    const other = await startServer(files, socket);
    standbys.push(other);
    return {
      async cutOff() {
        await query("ALTER SYSTEM SET primary_conninfo = ''", socket);
        await query('SELECT pg_reload_conf()', socket);
        await until('it hears nothing more', async () =>
          (await query('SELECT pid FROM pg_stat_wal_receiver', socket)).length === 0 ? true : undefined,
        );
      },
      async lead() {
        await end('SIGQUIT');
        server = other;
        standbys.length = 0;
        await rm(address);
        await symlink(socket, address);
      },
      promote: async () => void (await query('SELECT pg_promote()', socket)),
    };
  }

  const standbys: ChildProcess[] = [];
  let server = await startServer(data, own);
  return {
    async database(how = '') {
      const name = `bridge_${++databases}`;
      await query(`CREATE DATABASE ${name} ${how}`);
      return urlOf(name);
    },
    async restored(url) {
      const name = `bridge_${++databases}`;
      const dump = join(folder, `${name}.dump`);
      await run(join(bin, 'pg_dump'), ['--format=custom', `--file=${dump}`, url]);
      await query(`CREATE DATABASE ${name}`);
      await run(join(bin, 'pg_restore'), ['--single-transaction', `--dbname=${urlOf(name)}`, dump]);
      return urlOf(name);
    },
    processes: () => processesOf(server),
    signal: (signal) => signalAll(server, signal),
    async restart() {
      await end('SIGQUIT');
      server = await startServer(data, own);
    },
    async keepCopy() {
      await end('SIGINT');
      await run('cp', ['-a', data, `${data}-copy`]);
      server = await startServer(data, own);
    },
    async putBack() {
      await end('SIGQUIT');
      await rm(data, { recursive: true });
      await rename(`${data}-copy`, data);
      server = await startServer(data, own);
    },
    standby,
    async stop() {
      for (const other of standbys) other.kill('SIGQUIT');
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The main process, and each of its children: one for each connection. */
function processesOf({ pid }: ChildProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [Number(pid), ...(children === '' ? [] : children.split(' ').map(Number))];
}

function signalAll(server: ChildProcess, signal: NodeJS.Signals): void {
  for (const pid of processesOf(server)) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // A connection was closed meanwhile, and its process ended.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

async function userOf(name: string): Promise<{ uid: number; gid: number }> {
  const users = await readFile('/etc/passwd', 'utf8');
  const [, , uid, gid] =
    users
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}
