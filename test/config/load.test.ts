import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { resolveCallbackToken } from '../../src/config/callback-token.ts';
import { loadConfig } from '../../src/config/load.ts';
import { resolveSecret } from '../../src/config/secrets.ts';
import { makeFiles } from '../support/folder.ts';

const LAB = `labs:
  - name: lava-a
    origin: a
    lava: { url: 'http://lava.example', user: u, token: t }
    callback: { token_name: n, token: t, url: 'http://bridge.example' }
report: { kcidb: off }
`;

/** All that is wrong with a configuration, without the folder's name. */
async function problemsOf(text: string): Promise<string[]> {
  const folder = await makeFiles({ 'c.yaml': text });
  try {
    await loadConfig(`${folder}/c.yaml`);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replace(`${folder}/`, ''));
  }
}

describe('mistakes in the configuration', () => {
  it('include a callback token that is its own name: definitions carry the name', async () => {
    const [problem] = await problemsOf(LAB.replace('token_name: n', 'token_name: t'));

    expect(problem).toMatch(/^c\.yaml:5:17: labs\.0\.callback\.token_name: /);
  });

  it('are reported all at once, from the top of the file to its end, each with its place and what would be right', async () => {
    const text = `instance: my lab
maestro:
  ulr: https://api.example
  token: { env: A, file: b }
  poll_interval: 30 seconds
labs:
  - name: lava-a
    orign: a
    lava: { url: ftp://x, user: 5, token: 12345 }
    callback: { token_name: n, token: { credental: x } }
    accept: [push, bogus]
    limits: { max_jobs: 0, max_callback: 64MB }
http: { listen: '127.0.0.1:99999' }
store: { mysql: x }
log_level: verbose
`;
    const secret =
      'a text (with quotes if it looks like a number), or one of { env: NAME }, { file: PATH }, { credential: NAME }';
    expect(await problemsOf(text)).toEqual([
      'c.yaml:1:1: instance: letters, digits and . _ -, at most 40',
      'c.yaml:2:1: maestro.url: is missing (expected string)',
      'c.yaml:3:3: maestro.ulr: no such key; did you mean url? (there are poll_interval, reconcile_interval, timeout, token, url)',
      `c.yaml:4:3: maestro.token: ${secret}`,
      'c.yaml:5:3: maestro.poll_interval: a duration such as 30s, 5m, 2h or 7d',
      'c.yaml:7:5: labs.0.origin: is missing (expected string)',
      'c.yaml:8:5: labs.0.orign: no such key; did you mean origin? (there are accept, callback, definitions, lava, limits, name, origin, retries)',
      'c.yaml:9:13: labs.0.lava.url: an http or https URL without user and password',
      'c.yaml:9:27: labs.0.lava.user: expected string, received number',
      `c.yaml:9:36: labs.0.lava.token: ${secret}`,
      `c.yaml:10:32: labs.0.callback.token: ${secret}`,
      'c.yaml:11:20: labs.0.accept.1: expected one of "pull_labs"|"lava_pull"|"push"|"triggers"',
      'c.yaml:12:15: labs.0.limits.max_jobs: Too small: expected number to be >0',
      'c.yaml:12:28: labs.0.limits.max_callback: a size such as 64MiB',
      'c.yaml:13:9: http.listen: a port is a number from 1 to 65535',
      'c.yaml:14:1: store: { sqlite: PATH }',
      'c.yaml:15:1: log_level: expected one of "debug"|"info"|"warn"|"error"',
    ]);
  });

  it('of what does not fit together are reported with the place as well', async () => {
    expect(await problemsOf(LAB.replace('report: { kcidb: off }\n', ''))).toEqual([
      'c.yaml:1:1: kcidb: is missing; say where reports go, or set report.kcidb: off',
    ]);
    expect(await problemsOf(`${LAB}kcidb: { url: 'https://kcidb.example' }\n`)).toEqual([
      'c.yaml:7:10: kcidb.token: is missing; a url needs one',
    ]);
    expect(await problemsOf(LAB.replace(", url: 'http://bridge.example'", ''))).toEqual([
      'c.yaml:5:5: labs.0.callback.url: is missing, and http.public_url too; one of them must say where LAVA reaches us',
    ]);
  });

  it('that keep it from being YAML, or from being there, are reported', async () => {
    expect(await problemsOf('labs:\n\t- name: x\n')).toEqual([
      'c.yaml:2:1: Tabs are not allowed as indentation',
    ]);
    expect(await problemsOf('instance: a\ninstance: b\n')).toEqual(['c.yaml:2:1: Map keys must be unique']);
    expect(await problemsOf('')).toEqual(['c.yaml:1:1: labs: is missing (expected array)']);
    expect(await problemsOf('just text')).toEqual(['c.yaml:1:1: expected object, received string']);
    await expect(loadConfig('/no/such/file.yaml')).rejects.toThrow(
      /^\/no\/such\/file.yaml: cannot be read: /,
    );
  });
});

it('takes every relative path from the folder of the file', async () => {
  const text = `${LAB.replace('token: t }\n', 'token: { file: secrets/lava } }\n').replace('token: t,', 'token: { file: /run/callback },')}
maestro: { url: 'https://api.example', token: { file: secrets/maestro } }
kcidb: { pubsub: { project: p, topic: t, credentials: google.json } }
http: { token: { file: secrets/http } }
store: { sqlite: state/bridge.db }
storage: { kind: local, path: logs }
device_types: types
`;
  const folder = await makeFiles({ 'c.yaml': text });
  const config = await loadConfig(`${folder}/c.yaml`);
  expect(config.labs[0]?.lava.token).toEqual({ file: `${folder}/secrets/lava` });
  expect(config.labs[0]?.callback.token).toEqual({ file: '/run/callback' });
  expect(config.maestro?.token).toEqual({ file: `${folder}/secrets/maestro` });
  expect(config.kcidb?.pubsub?.credentials).toBe(`${folder}/google.json`);
  expect(config.http.token).toEqual({ file: `${folder}/secrets/http` });
  expect(config.store).toEqual({ sqlite: `${folder}/state/bridge.db` });
  expect(config.storage).toMatchObject({ path: `${folder}/logs` });
  expect(config.device_types).toBe(`${folder}/types`);
  expect(config.plans).toBeUndefined();
});

it('takes the address of LAVA’s XML-RPC for that of LAVA', async () => {
  const folder = await makeFiles({
    'c.yaml': LAB.replace('http://lava.example', 'https://lava.example/sub/RPC2/'),
  });
  const { labs } = await loadConfig(`${folder}/c.yaml`);
  expect(labs[0]?.lava.url).toBe('https://lava.example/sub');
});

describe('a secret', () => {
  it('is found where its source says, without the line end that an editor leaves', async () => {
    const folder = await makeFiles({ token: 's3cret\n' });
    expect(resolveSecret('literal')).toBe('literal');
    expect(resolveSecret({ env: 'A' }, { A: 'from-env' })).toBe('from-env');
    expect(resolveSecret({ file: `${folder}/token` })).toBe('s3cret');
    expect(resolveSecret({ credential: 'token' }, { CREDENTIALS_DIRECTORY: folder })).toBe('s3cret');
  });

  it('is found among those that systemd hands over as a folder', async () => {
    const folder = await makeFiles({ 'secrets_lava-token': 'of-the-folder\n', 'secrets_http-token': 'x', 'http-token': 'by-name' }); // prettier-ignore
    const env = { CREDENTIALS_DIRECTORY: folder };
    expect(resolveSecret({ credential: 'lava-token' }, env)).toBe('of-the-folder');
    expect(resolveSecret({ credential: 'http-token' }, env)).toBe('by-name');
    expect(() => resolveSecret({ credential: 'kcidb-token' }, env)).toThrow(
      '/etc/lava-bridge/secrets/kcidb-token',
    );
  });

  it('that is not there is reported with where it was looked for', async () => {
    const folder = await makeFiles({ empty: '\n' });
    expect(() => resolveSecret({ env: 'A' }, {})).toThrow('the environment variable A is empty');
    expect(() => resolveSecret({ file: `${folder}/empty` })).toThrow(`the file ${folder}/empty is empty`);
    expect(() => resolveSecret({ credential: 'no-such-token' }, {})).toThrow(
      /no credential no-such-token: .*\/etc\/lava-bridge\/secrets\/no-such-token/,
    );
  });
});

it('a callback token that turns out to be its own name is refused when it is read', async () => {
  const folder = await makeFiles({ token: 'n\n' });
  const callback = { token_name: 'n', token: { file: `${folder}/token` }, header: 'Authorization' };

  expect(() => resolveCallbackToken({ name: 'lava-a', callback })).toThrow(/lava-a: .*token_name/);
  expect(resolveCallbackToken({ name: 'lava-a', callback: { ...callback, token_name: 'm' } })).toBe('n');
});
