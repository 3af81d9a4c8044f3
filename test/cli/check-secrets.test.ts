import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { collect, type Line } from '../../src/cli/check-lines.ts';
import { checkSecrets } from '../../src/cli/check-secrets.ts';
import { BridgeConfig } from '../../src/config/schema.ts';
import type { SecretSource } from '../../src/config/secrets.ts';
import { newFolder } from '../support/folder.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await newFolder();
  await chmod(folder, 0o755);
  file = join(folder, 'lava-bridge.yaml');
  await writeFile(file, '');
  await chmod(file, 0o644);
});

/** What is complaints, but for what is well. */
async function complaints(token: SecretSource, more: object = {}): Promise<Line[]> {
  const config = BridgeConfig.parse({
    labs: [
      {
        name: 'lava-lab',
        origin: 'lab',
        lava: { url: 'http://lava.example', user: 'bridge', token },
        callback: { token_name: 'bridge-callback', token: { env: 'PATH' } },
      },
    ],
    ...more,
  });
  const lines = await collect((add) => checkSecrets(file, config, add));
  return lines.filter(({ state }) => state !== 'ok');
}

async function secret(mode: number): Promise<SecretSource> {
  const path = join(folder, 'token');
  await writeFile(path, 'a-secret');
  await chmod(path, mode);
  return { file: path };
}

it('warns of a configuration that everybody can read, if secrets are in it', async () => {
  expect(await complaints('a-secret')).toEqual([
    { what: 'configuration', state: 'warning', text: expect.stringContaining('lava-lab lava.token') },
  ]);
  expect(await complaints({ env: 'PATH' })).toEqual([]);
  await chmod(file, 0o640);
  expect(await complaints('a-secret')).toEqual([]);
});

it('warns of a secret’s file that everybody can read, and not of one in a closed folder', async () => {
  expect(await complaints(await secret(0o600))).toEqual([]);
  expect(await complaints(await secret(0o644))).toEqual([
    { what: 'lava-lab lava.token', state: 'warning', text: expect.stringContaining('token') },
  ]);
  await chmod(folder, 0o750);
  expect(await complaints(await secret(0o644))).toEqual([]);
});

it('warns of what everybody can change', async () => {
  const templates = join(folder, 'job-templates');
  await mkdir(templates);
  await chmod(templates, 0o777);
  await chmod(file, 0o666);

  const lines = await complaints({ env: 'PATH' }, { job_templates: templates });

  expect(lines.map(({ state, text }) => [state, text])).toEqual([
    ['warning', expect.stringContaining(`change ${file}`)],
    ['warning', expect.stringContaining(`change ${templates}`)],
  ]);
});

it('says that a secret is not there', async () => {
  expect(await complaints({ file: join(folder, 'nothing') })).toMatchObject([{ state: 'failed' }]);
});
