// What check and init make of systemd's words: those of Debian 12's (252), by commands that say them.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { checkDaemon } from '../../src/cli/check-daemon.ts';
import { collect, type Line } from '../../src/cli/check-lines.ts';
import { moveSocket } from '../../src/cli/init-socket.ts';
import { unitsOf } from '../../src/cli/units.ts';
import { BridgeConfig } from '../../src/config/schema.ts';
import { newFolder } from '../support/folder.ts';

const FILE = '/etc/lava-bridge/lava-bridge.yaml';

let folder: string;

beforeEach(async () => {
  folder = await newFolder();
  await mkdir(join(folder, 'secrets'));
  await writeFile(join(folder, 'secrets', 'lava-token'), 'a-secret');
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
  return () => vi.unstubAllEnvs();
});

async function command(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

interface Said {
  credentials?: string;
  socket?: string;
}

const BOTH = 'LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled';

async function systemdSays({ credentials, socket = 'LoadState=not-found' }: Said): Promise<void> {
  // LoadCredential= is there, and cannot be printed: so says 252.
  const service = 'LoadState=loaded\nDynamicUser=no\nLoadCredential=[unprintable]';
  await command('systemctl', `case $2 in *.socket) printf '${socket}\n' ;; *) printf '${service}\n' ;; esac`);
  await command(
    'busctl',
    credentials === undefined
      ? 'exit 1'
      : `printf '%s\\n' '{"type":"a(ss)","data":${credentials}}' '{"type":"a(ss)","data":[]}'`,
  );
}

async function lines(): Promise<Line[]> {
  const config = BridgeConfig.parse({
    labs: [
      {
        name: 'lava-lab',
        origin: 'lab',
        lava: { url: 'http://lava.example', user: 'bridge', token: { credential: 'lava-token' } },
        callback: { token_name: 'bridge-callback', token: { env: 'PATH' } },
      },
    ],
    store: { sqlite: join(folder, 'lava-bridge.db') },
  });
  return collect((add) => checkDaemon(FILE, config, add));
}

it('a secret in the folder that systemd hands over is one that the daemon has', async () => {
  await systemdSays({ credentials: `[["secrets","${folder}/secrets"]]` });
  expect(await lines()).toEqual([]);
});

it('a secret that systemd hands over by its own name is looked for where it comes from', async () => {
  await systemdSays({ credentials: `[["lava-token","${folder}/secrets/lava-token"]]` });
  expect(await lines()).toEqual([]);
  await systemdSays({ credentials: `[["lava-token","${folder}/nowhere"]]` });
  expect(await lines()).toMatchObject([{ what: 'lava-lab lava.token', state: 'failed' }]);
});

it('a secret that systemd does not hand over is told', async () => {
  await systemdSays({ credentials: '[]' });
  expect(await lines()).toMatchObject([{ what: 'lava-lab lava.token', state: 'failed' }]);
});

it('nothing is said of what systemd cannot be asked', async () => {
  await systemdSays({});
  expect(await lines()).toEqual([]);
});

it('a socket at another address than http.listen is told, if it is in use', async () => {
  const elsewhere = 'Listen=127.0.0.1:9000 (Stream)';
  await systemdSays({ socket: `${BOTH}\nListen=127.0.0.1:8480 (Stream)` });
  expect(await lines()).toEqual([]);
  await systemdSays({ socket: `${BOTH}\n${elsewhere}` });
  expect(await lines()).toMatchObject([
    {
      what: 'http.listen',
      state: 'failed',
      text: expect.stringMatching(/127\.0\.0\.1:9000.*127\.0\.0\.1:8480/),
    },
  ]);
  await systemdSays({ socket: `${BOTH}\n${elsewhere}\nListen=127.0.0.1:8480 (Stream)` });
  expect(await lines()).toMatchObject([{ what: 'http.listen', state: 'failed' }]);
  await systemdSays({
    socket: `LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n${elsewhere}`,
  });
  expect(await lines()).toEqual([]);
});

it('init moves the socket to where the configuration says, and leaves it where it is right', async () => {
  await systemdSays({ socket: `${BOTH}\nListen=127.0.0.1:8480 (Stream)` });
  expect(await moveSocket(FILE, { host: '127.0.0.1', port: 8480 }, folder)).toBeUndefined();
  expect(await moveSocket('/tmp/lava-bridge.yaml', { host: '::1', port: 9000 }, folder)).toBeUndefined();
  const file = join(folder, 'lava-bridge.socket.d', 'listen.conf');
  expect(await moveSocket(FILE, { host: '::1', port: 9000 }, folder)).toBe(file);
  expect(await readFile(file, 'utf8')).toMatch(/^\[Socket\]\nListenStream=\nListenStream=\[::1\]:9000\n$/m);
});

it('each configuration of the folder has its units, and no other one has', () => {
  expect(unitsOf(FILE)).toEqual({ service: 'lava-bridge.service', socket: 'lava-bridge.socket' });
  expect(unitsOf('/etc/lava-bridge/mylab.yaml')?.service).toBe('lava-bridge@mylab.service');
  expect(unitsOf('/srv/lava-bridge.yaml')).toBeUndefined();
});
