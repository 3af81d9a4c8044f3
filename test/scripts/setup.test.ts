// The script that makes a checkout runnable, in a folder of its own, with an npm that only notes what it is asked.
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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

interface Ran {
  code: number | null;
  stderr: string;
  /** Of npm. */
  calls: string;
}

it('a fresh checkout gets what package-lock.json names, once', async () => {
  const { folder, setup } = await checkout();
  await mkdir(join(folder, 'own/node_modules'));

  expect(await setup()).toMatchObject({ code: 0, calls: expect.stringMatching(/^ci .*\n$/) });
  expect(await setup()).toMatchObject({ code: 0, calls: expect.stringMatching(/^ci .*\n$/) });
});

it('a node_modules that is a symbolic link is used as it is', async () => {
  const { folder, setup } = await checkout();
  await symlink(join(folder, 'theirs'), join(folder, 'own/node_modules'));

  expect(await setup()).toMatchObject({
    code: 0,
    calls: '',
    stderr: expect.stringContaining('symbolic link'),
  });
  expect(await setup('--production')).toMatchObject({ code: 1, calls: '' });
  expect(await readFile(join(folder, 'theirs/kept'), 'utf8')).toBe('x');
});
