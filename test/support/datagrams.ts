// A local socket that takes datagrams, as systemd and the journal have one.
import { join } from 'node:path';
import koffi from 'koffi';
import { onTestFinished } from 'vitest';
import { newFolder } from './folder.ts';
import { until } from './wait.ts';

interface DatagramReceiver {
  path: string;
  /** What came so far, oldest first. */
  received: () => Buffer[];
  /** The first that came, or will come, with these words in it. */
  withText: (words: string) => Promise<Buffer>;
}

const libc = koffi.load('libc.so.6');
const call = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t size)'),
  recv: libc.func('long recv(int fd, _Out_ void *bytes, size_t size, int flags)'),
  close: libc.func('int close(int fd)'),
};
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

/** Listens at a path of its own until the test ends. */
export async function receiveDatagrams(): Promise<DatagramReceiver> {
  const path = join(await newFolder(), 'socket');
  const fd: unknown = call.socket(AF_UNIX, SOCK_DGRAM, 0);
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)]);
  if (call.bind(fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  onTestFinished(() => void call.close(fd));

  const all: Buffer[] = [];
  const room = Buffer.alloc(1 << 20);
  function received(): Buffer[] {
    for (;;) {
      const size = Number(call.recv(fd, room, room.length, MSG_DONTWAIT));
      if (size < 0) return all;
      all.push(Buffer.from(room.subarray(0, size)));
    }
  }
  return {
    path,
    received,
    withText: (words) =>
      until(`a datagram with ${words}`, () => received().find((bytes) => bytes.includes(words))),
  };
}
