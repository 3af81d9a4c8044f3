// One request, as the benches that flood the daemon send it.
import { request, type Agent } from 'node:http';

export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** A connection without an answer for so long is given up (ms). */
const NO_ANSWER = 30_000;

/** The status, or the code of what kept it from coming. */
export function send(
  url: string,
  agent: Agent,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<string> {
  return new Promise((resolve) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(url, { method, agent, headers: { ...headers, ...length } });
    sent.setTimeout(NO_ANSWER, () => sent.destroy(new Error('no answer')));
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.on('response', (response) => {
      response.on('error', () => resolve('cut off'));
      response.on('end', () => resolve(String(response.statusCode)));
      response.resume();
    });
    sent.end(body);
  });
}
