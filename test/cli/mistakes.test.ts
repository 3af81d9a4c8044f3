// The mistakes of a new admin: each is found by `check` before the daemon starts, at its place, and `run` ends with 78 where it
// could not work at all.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkFiles } from '../../src/cli/check-files.ts';
import type { Line } from '../../src/cli/check-lines.ts';
import { lavaBridge, type Ran } from '../support/command.ts';
import { newFolder } from '../support/folder.ts';

const CONFIG = `labs:
  - name: lava-mylab
    origin: mylab
    lava: { url: 'https://lava.example', user: bridge, token: lavas-token }
    callback: { token_name: bridge-callback, token: callbacks-token }
report: { kcidb: 'off' }
http:
  public_url: http://bridge.example:8480
  token: admins-token
store: { sqlite: state/lava-bridge.db }
device_types: device-types
plans: plans
job_templates: job-templates
`;
const BOARD = 'name: my-board\narch: arm64\nboot_method: u-boot\n';

interface Mistake {
  what: string;
  /** What is written in place of a text of the configuration. */
  config?: [from: string, to: string];
  files?: Record<string, string>;
  /** Modes of files. */
  modes?: Record<string, number>;
  found: 'failed' | 'warning';
  /** Where, or about what. */
  at: RegExp;
}

const MISTAKES: Mistake[] = [
  {
    what: 'a misspelt key',
    config: ['report:', 'reprot:'],
    found: 'failed',
    at: /lava-bridge\.yaml:6:1: reprot: .*did you mean report\?/,
  },
  {
    what: 'a key at the wrong place',
    config: ['    origin: mylab\n', '    origin: mylab\n    url: x\n'],
    found: 'failed',
    at: /lava-bridge\.yaml:4:5: labs\.0\.url/,
  },
  {
    what: 'a missing key',
    config: ['    origin: mylab\n', ''],
    found: 'failed',
    at: /labs\.0\.origin: is missing/,
  },
  {
    what: 'an origin with a capital letter',
    config: ['origin: mylab', 'origin: MyLab'],
    found: 'failed',
    at: /lava-bridge\.yaml:3:5: labs\.0\.origin/,
  },
  {
    what: 'an address without http',
    config: ['https://lava.example', 'lava.example'],
    found: 'failed',
    at: /labs\.0\.lava\.url: .*http/,
  },
  {
    what: 'the callback token in place of its name',
    config: ['token_name: bridge-callback', 'token_name: callbacks-token'],
    found: 'failed',
    at: /lava-bridge\.yaml:5:\d+: labs\.0\.callback\.token_name/,
  },
  {
    what: 'no address for LAVA to call back',
    config: ['  public_url: http://bridge.example:8480\n', ''],
    found: 'failed',
    at: /labs\.0\.callback\.url: is missing/,
  },
  {
    what: 'no KCIDB, and reports to it',
    config: ["report: { kcidb: 'off' }", 'report: {}'],
    found: 'failed',
    at: /kcidb: is missing/,
  },
  {
    what: 'a tab for indentation',
    config: ['  public_url', '\tpublic_url'],
    found: 'failed',
    at: /lava-bridge\.yaml:8:/,
  },
  {
    what: 'a port that is none',
    config: ['  token: admins-token', '  token: admins-token\n  listen: 127.0.0.1:84800'],
    found: 'failed',
    at: /http\.listen/,
  },
  {
    what: 'the same lab twice',
    config: ['labs:\n', `labs:\n${CONFIG.split('\n').slice(1, 5).join('\n')}\n`],
    found: 'failed',
    at: /labs\.1\.name: lava-mylab is there twice/,
  },
  {
    what: 'a secret in a file that is not there',
    config: ['token: lavas-token', 'token: { file: secrets/none }'],
    found: 'failed',
    at: /lava\.token: .*secrets\/none/,
  },
  {
    what: 'a secret in a variable that is not set',
    config: ['token: lavas-token', 'token: { env: NOT_SET_ANYWHERE }'],
    found: 'failed',
    at: /lava\.token: .*NOT_SET_ANYWHERE/,
  },
  {
    what: 'a number as a secret, without quotes',
    config: ['token: admins-token', 'token: 1234'],
    found: 'failed',
    at: /http\.token: .*quotes/,
  },
  {
    what: 'a folder that is not there',
    config: ['device_types: device-types', 'device_types: devices'],
    found: 'failed',
    at: /\/devices: cannot be read/,
  },
  {
    what: 'an address of a database whose password ends it',
    config: ['{ sqlite: state/lava-bridge.db }', '{ postgres: { file: address } }'],
    files: { address: 'postgres://bridge:12#3@db.example/bridge' },
    modes: { address: 0o600 },
    found: 'failed',
    at: /store\.postgres: .*%23/,
  },
  {
    what: 'a board with a misspelt key',
    files: { 'device-types/b.yaml': `${BOARD}boot_metod: x\n` },
    found: 'failed',
    at: /device-types\/b\.yaml:4:1: boot_metod/,
  },
  {
    what: 'two boards of one name',
    files: { 'device-types/b.yaml': BOARD, 'device-types/c.yaml': BOARD },
    found: 'failed',
    at: /device-types\/c\.yaml:1:1: name: my-board is also defined in/,
  },
  {
    what: 'a boot method that is not there',
    files: { 'device-types/b.yaml': BOARD.replace('u-boot', 'uboot') },
    found: 'failed',
    at: /device-types\/b\.yaml:3:/,
  },
  {
    what: 'a board in a file x.yml',
    files: { 'device-types/b.yml': BOARD },
    found: 'warning',
    at: /device-types\/b\.yml: is not read/,
  },
  {
    what: 'a misspelt parameter of a board',
    files: { 'device-types/b.yaml': `${BOARD}params:\n  promts: []\n` },
    found: 'warning',
    at: /device-types\/b\.yaml:5:3: params\.promts: .*did you mean prompts\?/,
  },
  {
    what: 'a plan with a root file system that is not there',
    files: { 'plans/p.yaml': stringify({ plans: { p: { rootfs: 'none', tests: [{ type: 'boot' }] } } }) },
    found: 'failed',
    at: /plans\/p\.yaml:\d+:\d+: plans\.p\.rootfs/,
  },
  {
    what: 'a trigger for a plan that is not there',
    files: { 'plans/p.yaml': stringify({ triggers: [{ plan: 'baselin', on: {}, boards: ['x'] }] }) },
    found: 'failed',
    at: /plans\/p\.yaml:\d+:\d+: triggers\.0\.plan: .*did you mean baseline\?/,
  },
  {
    what: 'a variable that is not there in an own template',
    files: { 'job-templates/test/mine.yaml.hbs': '- test:\n    name: {{ nosuch }}\n' },
    found: 'failed',
    at: /job-templates\/test\/mine\.yaml\.hbs:2:\d+: .*nosuch/,
  },
  {
    what: 'an own template that is not closed',
    files: { 'job-templates/test/mine.yaml.hbs': '{{#if board}}\n- test: {}\n' },
    found: 'failed',
    at: /job-templates\/test\/mine\.yaml\.hbs:\d+/,
  },
  {
    what: 'secrets in a file that everybody can read',
    modes: { 'lava-bridge.yaml': 0o644 },
    found: 'warning',
    at: /configuration: everybody on this machine can read/,
  },
];

/** A folder with what an admin has written. */
async function written({ config, files = {}, modes = {} }: Mistake): Promise<string> {
  const folder = await newFolder();
  await chmod(folder, 0o755);
  const [from, to] = config ?? ['', ''];
  expect(CONFIG).toContain(from);
  for (const name of ['device-types', 'plans', 'job-templates']) await mkdir(join(folder, name));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const file = join(folder, 'lava-bridge.yaml');
  await writeFile(
    file,
    CONFIG.replace(from, () => to),
    { mode: 0o600 },
  );
  for (const [name, mode] of Object.entries(modes)) await chmod(join(folder, name), mode);
  return file;
}

/** The lines of `check --offline`; it ends with 1 if one of them failed. */
async function linesOf(file: string): Promise<string[]> {
  const lines: Line[] = [];
  await checkFiles(file, (line) => lines.push(line));
  return lines
    .filter(({ state }) => state !== 'ok')
    .map(({ state, what, text }) => `${state} ${what}: ${text}`);
}

describe('check', () => {
  it('finds nothing in a configuration without a mistake', async () => {
    expect(await linesOf(await written({ what: '', found: 'failed', at: /x/ }))).toEqual([]);
  });

  it.each(MISTAKES)('finds $what', async (mistake) => {
    const { found, at } = mistake;
    const lines = await linesOf(await written(mistake));
    expect(lines.filter((line) => line.startsWith(found) && at.test(line))).not.toEqual([]);
    if (found === 'warning') expect(lines.filter((line) => line.startsWith('failed'))).toEqual([]);
  });

  it('ends with 1, and the daemon with 78, where something is wrong', async () => {
    const file = await written({ what: '', config: ['report:', 'reprot:'], found: 'failed', at: /x/ });
    const ran = (...args: string[]): Promise<Ran> => lavaBridge([...args, '--config', file]);
    expect((await ran('check', '--offline')).code).toBe(1);
    expect((await ran('run')).code).toBe(78);
  });
});
