// What a client that reaches a port may hold open: so many connections, so many of one address, so many requests of one
// connection, and a request that has begun must come to its end in time.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import { SECOND } from '../core/time.ts';

/** Connections of one server; more are closed at once. */
const MOST = 1000;
/** Connections of one remote address. */
const MOST_OF_ONE = 200;

/** Requests of one connection that are not answered yet. Programs and browsers send one; whoever sends more waits. */
const MOST_UNANSWERED = 16;

/** What Node's HTTP server keeps by itself (ms). */
export const SERVER_LIMITS = {
  /** From the first byte to the header's end. */
  headersTimeout: 10 * SECOND,
  /** To the body's end. */
  requestTimeout: 60 * SECOND,
  keepAliveTimeout: 10 * SECOND,
  /** How often the above are looked at. */
  connectionsCheckingInterval: SECOND,
  /** Without a byte in either direction. */
  idleTimeout: 60 * SECOND,
} as const;

export interface ConnectionLimits {
  most?: number;
  mostOfOne?: number;
  /** Addresses that count in the total alone; loopback, because a proxy there brings everybody's. */
  isTrusted?: (address: string) => boolean;
}

/** Bounds the connections of a server. */
export function limitConnections(
  server: Server,
  { most = MOST, mostOfOne = MOST_OF_ONE, isTrusted = isLoopback }: ConnectionLimits = {},
): void {
  server.maxConnections = most;
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress;
    if (address === undefined || isTrusted(address)) return;
    const count = (open.get(address) ?? 0) + 1;
    if (count > mostOfOne) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

/** Whether one more request may be taken of a connection; its response is counted until it is closed. */
export type MayTake = (socket: Socket, response: ServerResponse) => boolean;

export function createMayTake(most = MOST_UNANSWERED): MayTake {
  const unanswered = new WeakMap<Socket, number>();
  return (socket, response) => {
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > most) return false;
    unanswered.set(socket, count);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    return true;
  };
}

/** What is read and thrown away of a body after its refusal, and how long the connection stays for that. */
const AFTER_REFUSAL = { bytes: 4 * 1024 * 1024, ms: 2 * SECOND };

/**
 * For a request that is refused before its body was read. To end the connection at once would reset it, and a sender that
 * is still sending would never see the answer: so it stays for a moment, and little more of the body is read.
 */
export function closeSlowly(request: IncomingMessage, { bytes, ms } = AFTER_REFUSAL): void {
  const { socket } = request;
  let left = bytes;
  request.on('data', (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) request.pause();
  });
  // Node calls this when the answer is written.
  const end = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(end, ms);
    socket.once('close', () => clearTimeout(timer));
    if (request.complete) end();
    else request.once('end', end);
  };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
