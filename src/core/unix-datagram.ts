// Sends datagrams to a local socket: systemd's notifications and the journal speak nothing else, and Node cannot. The few
// calls of the C library that it takes are made through koffi (c-library.ts).
import { getSystemErrorName } from 'node:util';
import { loadCLibrary } from './c-library.ts';
import { BridgeError } from './errors.ts';

/** Sends to one local socket; the other side may come and go. */
export interface DatagramSender {
  /** Sends one datagram at once, or waits for room up to a second. Throws BridgeError `local_socket` if it does not go. */
  send: (bytes: Uint8Array) => void;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_SNDTIMEO = 21;
const MSG_NOSIGNAL = 0x4000;
/** The field of `struct sockaddr_un`: the path with its end. */
const PATH_BYTES = 108;
/** What the journal takes in one datagram without more ado; the kernel gives what it may. */
const SEND_BUFFER = 1 << 20;
const SEND_SECONDS = 1n;

/** A sender to the socket at `path`; one that begins with `@` is an abstract name. Throws BridgeError `local_socket`. */
export async function openDatagramSender(path: string): Promise<DatagramSender> {
  const address = socketAddress(path);
  const { libc, errno } = await loadCLibrary().catch((error: unknown) => {
    throw fault(path, `its sockets are not to be had on this machine (${String(error)})`);
  });
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const setsockopt = libc.func(
    'int setsockopt(int fd, int level, int name, const void *value, uint32_t size)',
  );
  const sendto = libc.func(
    'long sendto(int fd, const void *bytes, size_t size, int flags, const void *address, uint32_t addressSize)',
  );

  const failed = (call: string): BridgeError => fault(path, `${call}: ${getSystemErrorName(-errno())}`);
  const fd: unknown = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (typeof fd !== 'number' || fd < 0) throw failed('socket');
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, new Int32Array([SEND_BUFFER]), 4);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, new BigInt64Array([SEND_SECONDS, 0n]), 16);

  return {
    send(bytes) {
      const sent: unknown = sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length);
      if (Number(sent) !== bytes.length) throw failed('sendto');
    },
  };
}

/** `struct sockaddr_un`: the family in the machine's order (little-endian on all that Node runs on), then the path. */
function socketAddress(path: string): Buffer {
  const isAbstract = path.startsWith('@');
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > PATH_BYTES || !/^[/@]/.test(path)) throw fault(path, 'that is no address of a socket');
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, name]);
}

function fault(path: string, what: string): BridgeError {
  return new BridgeError('local_socket', `cannot send to ${path}: ${what}`);
}
