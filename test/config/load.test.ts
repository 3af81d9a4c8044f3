import { describe, expect, it, vi } from 'vitest';
import { formatProblem } from '../../src/core/errors.ts';
import { resolveCallbackToken } from '../../src/config/callback-token.ts';
import { loadConfig } from '../../src/config/load.ts';
import { resolveSecret } from '../../src/config/secrets.ts';
import { storeOf } from '../../src/daemon-parts.ts';
import { makeFiles } from '../support/folder.ts';
import { inShort, problemsOf } from '../support/problems.ts';

const LAB = `labs:
  - name: lava-a
    origin: a
    lava: { url: 'http://lava.example', user: u, token: t }
    callback: { token_name: n, token: t, url: 'http://bridge.example' }
report: { kcidb: off }
`;

/** All that is wrong with a configuration: places, codes and keys. */
async function faultsOf(text: string): Promise<string[]> {
  const folder = await makeFiles({ 'c.yaml': text });
  return inShort(await problemsOf(() => loadConfig(`${folder}/c.yaml`)), folder);
}

/** The same, as an admin reads it. */
async function linesOf(text: string): Promise<string[]> {
  const folder = await makeFiles({ 'c.yaml': text });
  const problems = await problemsOf(() => loadConfig(`${folder}/c.yaml`));
  return problems.map((problem) => formatProblem(problem).replace(`${folder}/`, ''));
}

describe('mistakes in the configuration', () => {
  it('include a callback token that is its own name: definitions carry the name', async () => {
    expect(await faultsOf(LAB.replace('token_name: n', 'token_name: t'))).toEqual([
      'c.yaml:5:17 bad_value labs.0.callback.token_name',
    ]);
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
    expect(await linesOf(text)).toEqual([
      'c.yaml:1:1: instance: letters, digits and . _ -, at most 40 [bad_value]',
      'c.yaml:2:1: maestro.url: is missing (expected string) [missing_key]',
      'c.yaml:3:3: maestro.ulr: no such key; did you mean url? (there are poll_interval, pubsub, reconcile_interval, timeout, token, url) [unknown_key]',
      `c.yaml:4:3: maestro.token: ${secret} [bad_value]`,
      'c.yaml:5:3: maestro.poll_interval: a duration such as 30s, 5m, 2h or 7d [bad_value]',
      'c.yaml:7:5: labs.0.origin: is missing (expected string) [missing_key]',
      'c.yaml:8:5: labs.0.orign: no such key; did you mean origin? (there are accept, callback, definitions, drain_failing, lava, limits, name, origin, retries, supersede) [unknown_key]',
      'c.yaml:9:13: labs.0.lava.url: an http or https URL without user and password [bad_value]',
      'c.yaml:9:27: labs.0.lava.user: expected string, received number [bad_value]',
      `c.yaml:9:36: labs.0.lava.token: ${secret} [bad_value]`,
      `c.yaml:10:32: labs.0.callback.token: ${secret} [bad_value]`,
      'c.yaml:11:20: labs.0.accept.1: expected one of "pull_labs"|"lava_pull"|"push"|"triggers" [bad_value]',
      'c.yaml:12:15: labs.0.limits.max_jobs: Too small: expected number to be >0 [bad_value]',
      'c.yaml:12:28: labs.0.limits.max_callback: a size such as 64MiB [bad_value]',
      'c.yaml:13:9: http.listen: a port is a number from 1 to 65535 [bad_value]',
      'c.yaml:14:1: store: { sqlite: PATH } or { postgres: URL } [bad_value]',
      'c.yaml:15:1: log_level: expected one of "debug"|"info"|"warn"|"error" [bad_value]',
    ]);
  });

  it('of what does not fit together are reported with the place as well', async () => {
    expect(await faultsOf(LAB.replace('report: { kcidb: off }\n', ''))).toEqual([
      'c.yaml:1:1 missing_key report.kcidb',
    ]);
    expect(await faultsOf(`${LAB}kcidb: { url: 'https://kcidb.example' }\n`)).toEqual([
      'c.yaml:7:10 missing_key kcidb.url',
    ]);
    expect(await faultsOf(LAB.replace(", url: 'http://bridge.example'", ''))).toEqual([
      'c.yaml:5:5 missing_key labs.0.callback',
    ]);
    expect(await faultsOf(`${LAB}store: { postgres: 'db.example' }\n`)).toEqual([
      'c.yaml:7:10 bad_value store.postgres',
    ]);
  });

  it('that keep it from being YAML, or from being there, are reported', async () => {
    expect(await faultsOf('labs:\n\t- name: x\n')).toEqual(['c.yaml:2:1 malformed']);
    expect(await faultsOf('instance: a\ninstance: b\n')).toEqual(['c.yaml:2:1 malformed']);
    expect(await faultsOf('')).toEqual(['c.yaml:1:1 missing_key labs']);
    expect(await faultsOf('just text')).toEqual(['c.yaml:1:1 bad_value']);
    const gone = await problemsOf(() => loadConfig('/no/such/file.yaml'));
    expect(inShort(gone, '/no/such')).toEqual(['file.yaml unreadable']);
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

it('takes PostgreSQL by an address, or by a secret that holds one', async () => {
  const folder = await makeFiles({
    'open.yaml': `${LAB}store: { postgres: 'postgres:///bridge?host=/run/postgresql' }\n`,
    'secret.yaml': `${LAB}store: { postgres: { file: url } }\n`,
    'odd.yaml': `${LAB}store: { postgres: { env: DATABASE } }\n`,
    url: 'postgresql://bridge:s3cret@db.example:5433/bridge\n',
  });
  const place = async (name: string): Promise<unknown> => storeOf(await loadConfig(`${folder}/${name}`));

  expect(await place('open.yaml')).toEqual({ postgres: 'postgres:///bridge?host=/run/postgresql' });
  expect(await place('secret.yaml')).toEqual({
    postgres: 'postgresql://bridge:s3cret@db.example:5433/bridge',
  });
  vi.stubEnv('DATABASE', 'db.example');
  await expect(place('odd.yaml')).rejects.toMatchObject({ code: 'secret' });
  vi.unstubAllEnvs();
});

it('takes the address of LAVA’s XML-RPC for that of LAVA', async () => {
  const folder = await makeFiles({
    'c.yaml': LAB.replace('http://lava.example', 'https://lava.example/sub/RPC2/'),
  });
  const { labs } = await loadConfig(`${folder}/c.yaml`);
  expect(labs[0]?.lava.url).toBe('https://lava.example/sub');
});

const NO_SECRET = expect.objectContaining({ code: 'secret' });

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
    expect(() => resolveSecret({ credential: 'kcidb-token' }, env)).toThrow(NO_SECRET);
  });

  it('that is not there, or is empty, is an error', async () => {
    const folder = await makeFiles({ empty: '\n' });
    expect(() => resolveSecret({ env: 'A' }, {})).toThrow(NO_SECRET);
    expect(() => resolveSecret({ file: `${folder}/empty` })).toThrow(NO_SECRET);
    expect(() => resolveSecret({ credential: 'no-such-token' }, {})).toThrow(NO_SECRET);
  });
});

it('a callback token that turns out to be its own name is refused when it is read', async () => {
  const folder = await makeFiles({ token: 'n\n' });
  const callback = { token_name: 'n', token: { file: `${folder}/token` }, header: 'Authorization' };

  expect(() => resolveCallbackToken({ name: 'lava-a', callback })).toThrow(NO_SECRET);
  expect(resolveCallbackToken({ name: 'lava-a', callback: { ...callback, token_name: 'm' } })).toBe('n');
});
