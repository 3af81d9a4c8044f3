// A real LAVA of the chaos run's own, separate from any other on the machine: brought up, struck and taken down by the scripts of
// test/lab. Nothing boots in it: its devices are played by the fake worker.
import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MINUTE } from '../../src/core/time.ts';

const SCRIPTS = fileURLToPath(new URL('../lab/', import.meta.url));

/** Which LAVA: Debian bookworm's, or the newest that Debian has. */
export const LABS = ['2023.01', 'newest'] as const;
export type LabKind = (typeof LABS)[number];

/** Made by a lab of the newest LAVA that is no chaos run's; its packages need not be installed again. */
const NEWEST_ROOT = '/var/tmp/lavalab-newest/root';

/** What is needed of `lab.env`. */
const Facts = z.object({
  LAVALAB_URL: z.url(),
  LAVALAB_WS_URL: z.url(),
  LAVALAB_BRIDGE_USER: z.string(),
  LAVALAB_BRIDGE_TOKEN: z.string(),
  LAVALAB_CALLBACK_TOKEN_NAME: z.string(),
  LAVALAB_CALLBACK_TOKEN: z.string(),
});

const LavaJob = z.object({
  id: z.number(),
  name: z.string(),
  /** Numbers of LAVA: 5 is Finished. */
  state: z.number(),
  /** 1 Complete, 2 Incomplete, 3 Canceled. */
  health: z.number(),
  /** ms, like those below. */
  submittedAt: z.number(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
});
export type LavaJob = z.infer<typeof LavaJob>;

export interface Lab {
  url: string;
  eventsUrl: string;
  user: string;
  token: string;
  callback: { name: string; token: string };
  /** start, stop, restart, kill, pause or resume some of its daemons. */
  ctl: (what: string, ...names: string[]) => Promise<void>;
  /** Every job whose name begins so, as LAVA's own database has it. */
  jobs: (prefix: string) => Promise<LavaJob[]>;
  down: (purge: boolean) => Promise<void>;
}

/** Brings the lab up, with so many fake devices; what runs already is taken as it is. Throws with the script's words. */
export async function bringUp(kind: LabKind, state: string, devices: number): Promise<Lab> {
  const env = {
    ...process.env,
    LAVALAB_STATE: state,
    LAVALAB_WORKER_NAME: 'chaos-worker',
    LAVALAB_ARM64: '0',
    LAVALAB_DEVICES: '1',
    LAVALAB_FAKE_CONCURRENCY: String(devices),
    ...(kind === 'newest' && existsSync(`${NEWEST_ROOT}/.ready`) ? { LAVALAB_ROOT: NEWEST_ROOT } : {}),
  };
  const run = (args: string[], input?: string): Promise<string> => {
    const [name = '', ...rest] = kind === 'newest' ? ['newest', ...args] : args;
    return runFile(SCRIPTS + name, rest, env, input);
  };
  const script = (...args: string[]): Promise<string> => run(args);

  // `up` makes boot artifacts only where there are none, and a played board loads none.
  await mkdir(`${state}/httpd/amd64`, { recursive: true });
  for (const file of ['bzImage', 'initramfs.cpio.gz']) {
    await writeFile(`${state}/httpd/amd64/${file}`, 'never loaded\n');
  }
  const down = async (purge: boolean): Promise<void> => {
    await script('fake-down');
    await script('down', ...(purge ? ['--purge'] : []));
  };
  try {
    await script('up');
    await script('fake-up', String(devices), '1');
  } catch (error) {
    await down(false).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
  const facts = Facts.parse(readExports(await readFile(`${state}/lab.env`, 'utf8')));

  return {
    url: facts.LAVALAB_URL,
    eventsUrl: facts.LAVALAB_WS_URL,
    user: facts.LAVALAB_BRIDGE_USER,
    token: facts.LAVALAB_BRIDGE_TOKEN,
    callback: { name: facts.LAVALAB_CALLBACK_TOKEN_NAME, token: facts.LAVALAB_CALLBACK_TOKEN },
    ctl: async (what, ...names) => {
      await script('ctl', what, ...names);
    },
    jobs: async (prefix) => {
      const sql = `SELECT json_build_object('id', id, 'name', description, 'state', state, 'health', health,
        'submittedAt', extract(epoch FROM submit_time) * 1000, 'startedAt', extract(epoch FROM start_time) * 1000,
        'finishedAt', extract(epoch FROM end_time) * 1000)
        FROM lava_scheduler_app_testjob WHERE starts_with(description, :'prefix') ORDER BY id;`;
      const lines = await run(['psql', '-v', 'ON_ERROR_STOP=1', '-v', `prefix=${prefix}`, '-qAt'], sql);
      return lines.split('\n').flatMap((line) => (line === '' ? [] : [LavaJob.parse(JSON.parse(line))]));
    },
    down,
  };
}

/** `export NAME=VALUE` lines; the lab's values need no quotes. */
function readExports(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

const LIMIT = 5 * MINUTE;

function runFile(file: string, args: string[], env: NodeJS.ProcessEnv, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env, timeout: LIMIT, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(file, args, options, (error: ExecFileException | null, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const tail = stderr.trim().split('\n').slice(-5).join('\n');
      reject(new Error(`${file} ${args.join(' ')}: ${tail || error.message}`));
    });
    // A program that ends before it has read all of it shows by its exit code.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
