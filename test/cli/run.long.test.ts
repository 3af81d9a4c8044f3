import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { childWorld } from '../support/child.ts';
import { failsWith, processOf } from '../support/command.ts';

it('keeps a second daemon from the same store, until the first one has ended', async () => {
  const { world, daemon } = await childWorld();
  await daemon.start();
  const other = `${world.folder}/other.yaml`;
  const text = await readFile(world.configFile, 'utf8');
  // At another address, so that only the store is in its way.
  await writeFile(other, text.replaceAll(/listen: .*/g, 'listen: 127.0.0.1:1'));

  const { code, stderr } = await processOf(['run', '--config', other]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: failsWith('in_use'),
  });

  await daemon.end('SIGKILL');
  await daemon.start();
  expect(await daemon.end('SIGTERM')).toBe(0);
});

it('says which address it can not have', async () => {
  const { world, daemon } = await childWorld();
  await daemon.start();
  const other = `${world.folder}/other.yaml`;
  const text = await readFile(world.configFile, 'utf8');
  await writeFile(other, text.replace(/sqlite: .*/, 'sqlite: other/bridge.db'));
  expect(await processOf(['run', '--config', other])).toEqual({
    code: 1,
    stdout: '',
    stderr: failsWith('listen', '127.0.0.1'),
  });
});

it.each([
  ['an unknown key', 'lbas: []\n', 'unknown_key'],
  ['a secret that is not there', 'token: { env: NO_SUCH_VARIABLE }\n', 'secret'],
] as const)('ends with 78 for %s', async (_what, line, code) => {
  const { world } = await childWorld();
  const text = await readFile(world.configFile, 'utf8');
  const wrong = line.startsWith('token') ? text.replace(/token: .*\n/, line) : text + line;
  await writeFile(world.configFile, wrong);

  expect(await processOf(['run', '--config', world.configFile])).toEqual({
    code: 78,
    stdout: '',
    stderr: failsWith(code),
  });
});
