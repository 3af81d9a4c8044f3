import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { failsWith, processOf, type Ran } from '../support/command.ts';
import { newFolder } from '../support/folder.ts';
import { testWorld } from '../support/world.ts';

it('tries what it was given, and writes a configuration and secrets with the right modes, or nothing', async () => {
  const world = await testWorld();
  const folder = await newFolder();
  const out = join(folder, 'etc');
  const token = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), `${text}\n`);
    return join(folder, name);
  };
  const init = async (lavaToken: string): Promise<Ran> =>
    processOf(
      [
        'init',
        `--out=${out}`,
        '--lab=lava-demo',
        '--origin=demo',
        `--lava-url=${world.lava.url}`,
        `--lava-user=${world.lava.user}`,
        `--lava-token-file=${await token('lava', lavaToken)}`,
        `--public-url=${world.url}`,
        `--maestro-url=${world.maestro.url}`,
        `--maestro-token-file=${await token('maestro', world.maestro.token)}`,
        `--kcidb-url=${world.kcidb.url}`,
        `--kcidb-token-file=${await token('kcidb', world.kcidb.token)}`,
      ],
      // Wherever the admin is: no folder of boards lies there.
      { cwd: folder },
    );

  const refused = await init('wrong');
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(/^failed +lava-demo: /m);
  await expect(stat(out)).rejects.toThrow('ENOENT');

  expect(await init(world.lava.token)).toMatchObject({ code: 0, stderr: '' });
  const mode = async (name: string): Promise<string> =>
    ((await stat(join(out, name))).mode & 0o777).toString(8);
  const secrets = ['lava-token', 'callback-token', 'http-token', 'maestro-token', 'kcidb-token'];
  expect(await mode('lava-bridge.yaml')).toBe('644');
  expect(await mode('secrets')).toBe('700');
  for (const name of secrets) expect([name, await mode(`secrets/${name}`)]).toEqual([name, '600']);
  const text = await readFile(join(out, 'lava-bridge.yaml'), 'utf8');
  for (const name of secrets)
    expect(text).not.toContain(`token: ${(await readFile(join(out, 'secrets', name), 'utf8')).trim()}`);
  expect(await loadConfig(join(out, 'lava-bridge.yaml'))).toMatchObject({
    maestro: { url: world.maestro.url },
    labs: [{ name: 'lava-demo', lava: { user: world.lava.user } }],
  });

  expect(await init(world.lava.token)).toMatchObject({ code: 1, stderr: failsWith('not_written') });
});

it('names the option that is missing where there is no terminal to ask on', async () => {
  expect(await processOf(['init', '--lab', 'lava-x', '--no-try'])).toMatchObject({
    code: 1,
    stderr: failsWith('bad_option', '--lava-url'),
  });
});
