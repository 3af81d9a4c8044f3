// A port of 127.0.0.1 for a server that must know its port before it starts, or keep it over a restart.
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { BridgeError } from '../core/errors.ts';

/** Below what the kernel gives to outgoing connections: none of these takes a port while its server is away. */
const PORTS = [20_000, 32_000] as const;

/** Bound to the ports above those that were given out: no other process of ours is given one of them. */
const claims: Server[] = [];

/**
 * A free port, which no other call of this function is given until this process ends, in this process or in another one.
 * Throws BridgeError `port` if there is none.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = randomInt(PORTS[0] / 2, PORTS[1] / 2) * 2;
    const claim = await bound(port + 1);
    if (claim === undefined) continue;
    const probe = await bound(port);
    if (probe === undefined) {
      claim.close();
      continue;
    }
    probe.close();
    await once(probe, 'close');
    claims.push(claim.unref());
    return port;
  }
  throw new BridgeError('port', 'no free port on 127.0.0.1');
}

/** A server on that port; undefined if the port is taken. */
async function bound(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).listen({
    port,
    host: '127.0.0.1',
    exclusive: true,
  });
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  );
}
