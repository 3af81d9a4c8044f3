// What counts after a reload, and that what is wrong changes nothing.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { childWorld } from '../support/child.ts';
import { makeFiles, newFolder } from '../support/folder.ts';
import { LAB, testWorld, until, X86, type TestWorld } from '../support/world.ts';

const BOARD = 'name: my-board\narch: x86_64\nboot_method: qemu\nlava_device_type: qemu\n';

async function reload(world: TestWorld, change: (config: Config) => void): Promise<boolean> {
  const config = parse(await readFile(world.configFile, 'utf8')) as Config;
  change(config);
  await writeFile(world.configFile, stringify(config));
  return world.daemon.reload.all(() => loadConfig(world.configFile));
}
interface Config {
  labs: { limits: Record<string, unknown> }[];
  http: Record<string, unknown>;
  instance: string;
  [key: string]: unknown;
}

const said = (world: TestWorld, text: string): unknown[] =>
  world.log
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ msg }) => String(msg).includes(text));

describe('a reload', () => {
  it('lets limits and tokens count at once, and names what needs a restart', async () => {
    const world = await testWorld();
    const { context } = world.daemon;
    expect(
      await reload(world, (config) => {
        Object.assign(config.labs[0]?.limits ?? {}, { max_jobs: 3 });
        config.http['token'] = 'another';
        config.instance = 'renamed';
      }),
    ).toBe(true);
    expect(context.labs.get(LAB)?.config.limits.max_jobs).toBe(3);
    const drain = async (token: string): Promise<number> => {
      const { status } = await world.http('/api/v1/drain', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ lab: LAB }),
      });
      return status;
    };
    expect([await drain(world.token), await drain('another')]).toEqual([401, 200]);
    expect(said(world, 'reloaded')).toEqual([
      expect.objectContaining({ changed: ['http.token', `labs.${LAB}.limits.max_jobs`] }),
    ]);
    expect(said(world, 'next start')).toEqual([expect.objectContaining({ keys: ['instance'] })]);
  });

  it('shows what the new log level shows, in a daemon that gets SIGHUP', async () => {
    const { world, daemon } = await childWorld({ config: { log_level: 'error' } });
    await daemon.start();
    const text = await readFile(world.configFile, 'utf8');
    await writeFile(world.configFile, text.replace('log_level: error', 'log_level: info'));
    daemon.signal('SIGHUP');
    await until('the level counts', () => {
      // The line that says so came before the level counted; the next one shows.
      daemon.signal('SIGHUP');
      return daemon.output().includes('msg=reloaded') ? true : undefined;
    });
  });

  it('changes nothing where a file is wrong, and says which one at which line', async () => {
    const own = await makeFiles({ 'my-board.yaml': BOARD });
    const world = await testWorld({ config: { device_types: own } });
    await writeFile(join(own, 'my-board.yaml'), `${BOARD}boot_metod: u-boot\n`);
    expect(
      await reload(world, (config) => Object.assign(config.labs[0]?.limits ?? {}, { max_jobs: 3 })),
    ).toBe(false);
    expect(world.daemon.context.labs.get(LAB)?.config.limits.max_jobs).toBe(200);
    expect(world.daemon.context.boards.find('my-board')?.boot_method).toBe('qemu');
    expect(said(world, 'the old stays')[0]).toMatchObject({
      problem: expect.stringContaining(`${own}/my-board.yaml:5:1: boot_metod`),
    });
    await writeFile(join(own, 'my-board.yaml'), BOARD.replace('boot_method: qemu', 'boot_method: qemuu'));
    expect(await reload(world, () => undefined)).toBe(false);
    expect(world.daemon.context.boards.find('my-board')?.boot_method).toBe('qemu');
    expect(said(world, 'the old stays').at(-1)).toMatchObject({
      problem: expect.stringContaining(
        `${own}/my-board.yaml:3:1: boot_method: there is no template boot/qemuu`,
      ),
    });
    expect(await reload(world, (config) => Object.assign(config, { lbas: [] }))).toBe(false);
    expect(said(world, 'the old stays').at(-1)).toMatchObject({
      problem: expect.stringMatching(/lava-bridge\.yaml:\d+:\d+: lbas/),
    });
  });
});

describe('an own device type', () => {
  it('counts as soon as its file is there, and stays as it was while the file is wrong', async () => {
    const own = await makeFiles({ 'README.md': 'mine' });
    const world = await testWorld({ config: { device_types: own } });
    const bootMethod = (): string | undefined => world.daemon.context.boards.find('my-board')?.boot_method;
    await writeFile(join(own, 'my-board.yaml'), BOARD);
    await until('it is there', () => bootMethod());
    await writeFile(join(own, 'my-board.yaml'), 'name: [');
    await until('it is found wrong', () => said(world, 'the old stays').at(0));
    expect(bootMethod()).toBe('qemu');
    const shown = await world.http('/api/v1/boards');
    expect(shown.text).toContain(X86);
  });
});

describe('https', () => {
  it('is spoken with the certificate of the files, and with a new one after a reload', async () => {
    const folder = await newFolder();
    const make = (name: string): void =>
      void execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
          '-days',
          '2',
          '-subj',
          `/CN=${name}`,
          '-keyout',
          'key.pem',
          '-out',
          'cert.pem',
        ],
        { cwd: folder, stdio: 'ignore' },
      );
    make('first');
    const world = await testWorld({
      http: { tls: { certificate: `${folder}/cert.pem`, key: { file: `${folder}/key.pem` } } },
    });
    const port = Number(new URL(world.url).port);
    const nameNow = async (): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return String(subject.CN);
    };
    expect(await nameNow()).toBe('first');
    make('second');
    expect(await reload(world, () => undefined)).toBe(true);
    expect(await nameNow()).toBe('second');
    await writeFile(join(folder, 'key.pem'), 'no key');
    expect(await reload(world, () => undefined)).toBe(false);
    expect(await nameNow()).toBe('second');
  });
});
