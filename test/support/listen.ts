// A small HTTP server that stands in for another system: it answers as the test says, and goes when the test ends.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { atEnd } from './at-end.ts';

/** Starts one on loopback; gives its address without a slash at its end. */
export async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return `http://127.0.0.1:${address.port}`;
}
