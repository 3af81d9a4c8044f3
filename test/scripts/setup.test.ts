// The script that makes a checkout runnable, in a folder of its own, with an npm that only notes what it is asked.
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { makeFiles } from '../support/folder.ts';

const NPM = '#!/bin/sh\necho "$@" >> "$NPM_CALLS"\n';

async function checkout(): Promise<{ folder: string; setup: (...args: string[]) => Promise<Ran> }> {
  const folder = await makeFiles({ 'bin/npm': NPM, 'calls': '', 'own/package-lock.json': '{}', 'theirs/kept': 'x' }); // prettier-ignore
  await chmod(join(folder, 'bin/npm'), 0o755);
  await mkdir(join(folder, 'own/scripts'));
  await copyFile('scripts/setup.cjs', join(folder, 'own/scripts/setup.cjs'));
  return {
    folder,
    async setup(...args) {
      const { status, stderr } = spawnSync(process.execPath, ['own/scripts/setup.cjs', ...args], {
        cwd: folder,
        env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, NPM_CALLS: join(folder, 'calls') },
        encoding: 'utf8',
        timeout: 60_000,
      });
      return { code: status, stderr, calls: await readFile(join(folder, 'calls'), 'utf8') };
    },
  };
}

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ resolved: z.string().optional(), integrity: z.string().optional() }),
  ),
});

const Package = z.object({ scripts: z.record(z.string(), z.string()) });

interface Ran {
  code: number | null;
  stderr: string;
  /** Of npm. */
  calls: string;
}

it('a fresh checkout gets what package-lock.json names, once', async () => {
  const { folder, setup } = await checkout();
  await mkdir(join(folder, 'own/node_modules'));

  // What is not in the lock file by its checksum is not installed, and no package runs anything.
  expect(await setup()).toMatchObject({
    code: 0,
    calls: expect.stringMatching(/^ci --ignore-scripts .*\n$/),
  });
  expect(await setup()).toMatchObject({ code: 0, calls: expect.stringMatching(/^ci .*\n$/) });
});

it('every package of the lock file has a checksum, and comes from whatever registry npm is set to', async () => {
  const { packages } = Lock.parse(JSON.parse(await readFile('package-lock.json', 'utf8')));
  const named = Object.entries(packages).filter(([path]) => path !== '');
  expect(named.filter(([path]) => /node_modules\/node-linux-/.test(path))).not.toEqual([]);
  const odd = named.filter(
    ([, { resolved, integrity = '' }]) => resolved !== undefined || !/^sha512-[\w+/]{86}==$/.test(integrity),
  );
  expect(odd).toEqual([]);
});

it('a node_modules that is a symbolic link is used as it is', async () => {
  const { folder, setup } = await checkout();
  await symlink(join(folder, 'theirs'), join(folder, 'own/node_modules'));

  expect(await setup()).toMatchObject({
    code: 0,
    calls: '',
    stderr: expect.stringContaining('symbolic link'),
  });
  expect(await readFile(join(folder, 'theirs/kept'), 'utf8')).toBe('x');
});

it('what npm runs after the set-up is run by the Node that it installed', async () => {
  const { scripts } = Package.parse(JSON.parse(await readFile('package.json', 'utf8')));
  // A shell that found the machine's own node before goes on with that; `env` looks again.
  expect(Object.values(scripts).filter((script) => /setup\.cjs && node \S+\.ts/.test(script))).toEqual([]);
});
