import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { secretsOf } from '../../src/config/secrets-of.ts';
import { secretRemover } from '../../src/cli/without-secrets.ts';
import { BridgeConfig } from '../../src/config/schema.ts';
import { resolveSecret } from '../../src/config/secrets.ts';
import { lavaBridge } from '../support/command.ts';
import { makeFiles } from '../support/folder.ts';
import { testWorld } from '../support/world.ts';

it('gathers what explains the bridge, with no secret of the configuration in it', async () => {
  const own = await makeFiles({
    'b.yaml': '# token: alices-own-token\nname: b\narch: arm64\nboot_method: u-boot\n',
  });
  const world = await testWorld({
    http: { tokens: [{ name: 'alice', token: 'alices-own-token', role: 'operate' }], reading: 'token' },
    config: { device_types: own },
  });
  const node = world.publish({ scenario: 'long' });
  await world.at(node, 'running');
  const out = join(world.folder, 'doctor.txt');
  expect(await lavaBridge(['doctor', '--out', out, '--config', world.configFile])).toMatchObject({
    code: 0,
    stderr: '',
  });
  const text = await readFile(out, 'utf8');
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  for (const title of ['program', 'machine', 'configuration', 'check', 'labs', 'open jobs', 'metrics'])
    expect(text).toContain(`## ${title}\n`);
  expect(text).toContain(node);
  expect(text).toMatch(/lava_bridge_open_jobs/);
  const secrets = secretsOf(await loadConfig(world.configFile));
  expect(secrets.length).toBeGreaterThan(4);
  for (const [what, source] of secrets) {
    const secret = resolveSecret(source);
    expect({ what, isIn: text.includes(secret) }).toEqual({ what, isIn: false });
    expect({ what, isIn: text.includes(Buffer.from(secret).toString('base64').slice(0, -4)) }).toEqual({
      what,
      isIn: false,
    });
  }
});

it('takes secrets out in the forms that programs make of them', () => {
  const config = BridgeConfig.parse({
    labs: [
      {
        name: 'lab',
        origin: 'lab',
        lava: { url: 'http://lava.example', user: 'me', token: 'lavas-own-long-token' },
        callback: { token_name: 'name', token: 'callback "token"', url: 'http://bridge.example' },
      },
    ],
    kcidb: { rest: 'https://a+token-0@kcidb.example/x' },
    notify: {
      mail: { server: 'smtps://me:mails-password@mail.example', from: 'a@b.example', to: ['c@d.example'] },
    },
  });
  const remove = secretRemover(config);
  for (const form of [
    'a+token-0',
    'mails-password',
    encodeURIComponent('a+token-0'),
    'callback "token"',
    JSON.stringify('callback "token"'),
    ...['me', 'you', 'them'].map((user) => Buffer.from(`${user}:lavas-own-long-token`).toString('base64')),
  ]) {
    expect(remove(`x ${form} y`)).toContain('[secret]');
  }
  expect(remove('nothing to hide')).toBe('nothing to hide');
});
