// The way of one daemon to PostgreSQL: a TCP proxy that can be closed and opened again, while all other ways stay open.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { atEnd } from './at-end.ts';

/**
 * How a way is closed. `cut`: connections end, and new ones are reset at once. `held`: nothing passes, and all of it does when
 * the way is open again, as after an outage of the network. `forgotten`: the same, but what was connected before stays mute for
 * ever, as behind a firewall that has forgotten it.
 */
export const CLOSINGS = ['cut', 'held', 'forgotten'] as const;
type Closing = (typeof CLOSINGS)[number];

export interface DatabaseWay {
  /** The database by this way. */
  url: string;
  close: (how: Closing) => void;
  open: () => void;
}

/** `direct`: the database's URL by a socket in a folder, as test/support/postgres.ts gives it. */
export async function wayToDatabase(direct: string): Promise<DatabaseWay> {
  const { pathname, searchParams } = new URL(direct);
  const links = new Set<readonly [Socket, Socket]>();
  let closed: Closing | undefined;

  const server = createServer((client) => {
    if (closed === 'cut') return void client.resetAndDestroy();
    const link = [client, connect(`${searchParams.get('host')}/.s.PGSQL.5432`)] as const;
    links.add(link);
    for (const [here, there] of [link, link.toReversed()] as [Socket, Socket][]) {
      here.on('data', (bytes) => there.write(bytes));
      here.on('error', () => undefined);
      // While nothing passes, neither side hears that the other has gone.
      here.on('close', () => {
        if (closed === undefined && links.delete(link)) there.destroy();
      });
      if (closed !== undefined) here.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');

  function endAll(): void {
    for (const socket of [...links].flat()) socket.destroy();
    links.clear();
  }

  atEnd(async () => {
    endAll();
    server.close();
    await once(server, 'close');
  });
  return {
    url: `postgres://bridge@127.0.0.1:${address.port}${pathname}`,
    close(how) {
      closed = how;
      if (how === 'cut') return endAll();
      for (const socket of [...links].flat()) socket.pause();
    },
    open() {
      const how = closed;
      closed = undefined;
      if (how !== 'held') return;
      for (const [one, other] of links) {
        if (one.destroyed || other.destroyed) [one, other].forEach((socket) => socket.destroy());
        else [one, other].forEach((socket) => socket.resume());
      }
    },
  };
}
