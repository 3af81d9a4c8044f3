// bin/lava-bridge, which starts an installed program: where it has Node keep the compiled program. Node is one that says what it is given.
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { makeFiles } from '../support/folder.ts';

const run = promisify(execFile);
const NODE = `#!/bin/sh
case $1 in
--version) echo v24.99.0 ;;
*) echo "\${NODE_COMPILE_CACHE-none}" ;;
esac
`;
let folder = '';

beforeAll(async () => {
  folder = await makeFiles({ 'path/node': NODE });
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'home', '.cache'), { recursive: true });
  await cp('bin/lava-bridge', join(folder, 'bin', 'lava-bridge'));
  for (const name of ['bin/lava-bridge', 'path/node']) await chmod(join(folder, name), 0o755);
});

async function keptIn(env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run(join(folder, 'bin', 'lava-bridge'), ['--help'], {
    env: { PATH: `${join(folder, 'path')}:/usr/bin:/bin`, ...env },
  });
  return stdout.trim();
}

it('the service keeps its compiled program in the folder that systemd gives it', async () => {
  const service = { CACHE_DIRECTORY: '/var/cache/lava-bridge', HOME: join(folder, 'home') };
  expect(await keptIn(service)).toBe('/var/cache/lava-bridge');
});

it('a command keeps it among the caches of its user', async () => {
  const HOME = join(folder, 'home');
  expect(await keptIn({ HOME })).toBe(join(HOME, '.cache', 'lava-bridge'));
  expect(await keptIn({ HOME: '/nowhere', XDG_CACHE_HOME: join(HOME, '.cache') })).toBe(
    join(HOME, '.cache', 'lava-bridge'),
  );
});

it('it is kept in no folder of somebody else, nor made up where the user has none', async () => {
  const isRoot = process.getuid?.() === 0;
  const others = isRoot ? await foldersOfAnother() : '/';
  expect(await keptIn({ XDG_CACHE_HOME: others })).toBe('none');
  expect(await keptIn({ HOME: join(folder, 'path') })).toBe('none');
  expect(await keptIn({})).toBe('none');
});

it('where the admin said where it is to be, it is there', async () => {
  const said = { NODE_COMPILE_CACHE: '/elsewhere', CACHE_DIRECTORY: '/var/cache/lava-bridge' };
  expect(await keptIn(said)).toBe('/elsewhere');
});

async function foldersOfAnother(): Promise<string> {
  const made = join(folder, 'other');
  await mkdir(made, { recursive: true });
  await run('chown', ['65534', made]);
  return made;
}
