// The daemon as systemd starts it with lava-bridge.socket: on a socket that others hold open while it is away.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import koffi from 'koffi';
import { expect, it, onTestFinished } from 'vitest';
import { childWorld } from './support/child.ts';
import { until } from './support/wait.ts';

const libc = koffi.load('libc.so.6');
const call = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t size)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  getsockname: libc.func('int getsockname(int fd, _Out_ void *address, _Inout_ uint32_t *size)'),
  close: libc.func('int close(int fd)'),
};
const AF_INET = 2;
const SOCK_STREAM = 1;

/** A socket on loopback that listens and that nothing here accepts from. */
function passedSocket(): { fd: number; port: number } {
  const fd: unknown = call.socket(AF_INET, SOCK_STREAM, 0);
  if (typeof fd !== 'number') throw new Error('no socket');
  const address = Buffer.from([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  call.bind(fd, address, address.length);
  call.listen(fd, 64);
  call.getsockname(fd, address, [address.length]);
  onTestFinished(() => void call.close(fd));
  return { fd, port: address.readUInt16BE(2) };
}

interface Activated {
  child: ChildProcess;
  output: () => string;
}

/** `exec` keeps the process id, as systemd promises it in LISTEN_PID. */
function activate(configFile: string, ...fds: number[]): Activated {
  const script = `LISTEN_PID=$$ LISTEN_FDS=${fds.length} exec "$0" src/cli/main.ts run --config "$1"`;
  const child = spawn('/bin/sh', ['-c', script, process.execPath, configFile], {
    stdio: ['ignore', 'pipe', 'pipe', ...fds],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, output: () => output };
}

async function worldAt(port: number): Promise<string> {
  const { world } = await childWorld({ config: { log_level: 'info' } });
  const text = await readFile(world.configFile, 'utf8');
  await writeFile(world.configFile, text.replaceAll(/listen: .*/g, `listen: 127.0.0.1:${port}`));
  return world.configFile;
}

it('what comes while the daemon is away is answered when it is back', async () => {
  const { fd, port } = passedSocket();
  const configFile = await worldAt(port);
  const early = fetch(`http://127.0.0.1:${port}/healthz`);
  const first = activate(configFile, fd);
  expect((await early).status).toBe(200);

  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  expect(first.child.exitCode).toBe(0);
  const between = fetch(`http://127.0.0.1:${port}/healthz`);
  activate(configFile, fd);
  expect((await between).status).toBe(200);
});

it('a socket at another address than http.listen is a wrong configuration', async () => {
  const configFile = await worldAt(passedSocket().port);
  const { fd, port } = passedSocket();
  const { child, output } = activate(configFile, fd);
  await once(child, 'exit');
  expect(child.exitCode).toBe(78);
  await until('it says so', () => (output().includes(`127.0.0.1:${port}`) ? true : undefined));
});

it('several sockets are a wrong configuration', async () => {
  const [one, two] = [passedSocket(), passedSocket()];
  const { child } = activate(await worldAt(one.port), one.fd, two.fd);
  await once(child, 'exit');
  expect(child.exitCode).toBe(78);
});
