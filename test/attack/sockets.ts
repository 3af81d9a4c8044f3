// Hostile clients: raw connections that send what no decent client would.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { atEnd } from '../support/world.ts';

/** A connection to the URL's host; it ends with the test. */
export async function rawConnection(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  atEnd(async () => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side ends the connection. */
export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: string[] = [];
  socket.setEncoding('latin1').on('data', (chunk) => chunks.push(String(chunk)));
  // A connection that is reset has ended, too.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return chunks.join('');
}

/** Sends the text and gives the whole answer, up to the connection's end. */
export async function rawExchange(url: string, text: string): Promise<string> {
  const socket = await rawConnection(url);
  socket.write(text);
  return readToEnd(socket);
}
