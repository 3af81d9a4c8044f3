// Callbacks that come all the time, each by a connection of its own, as LAVA's do: what became of them is counted.
import { request } from 'node:http';
import { sleep } from '../../src/core/time.ts';

export interface Flood {
  /** Stops, waits for the last answers, and says what became of them. */
  end: () => Promise<{ answered: number; failed: string[]; slowestMs: number }>;
}

const EVERY = 25;
/** As long as a daemon may take to restart on a busy machine. */
const PATIENCE = 120_000;

/** Sends to that URL until it is ended. */
export function flood(url: string, token: string): Flood {
  const failed: string[] = [];
  const open = new Set<Promise<void>>();
  const ending = new AbortController();
  let [answered, slowestMs] = [0, 0];

  function send(): Promise<void> {
    const began = Date.now();
    return new Promise((resolve) => {
      const sent = request(
        url,
        {
          method: 'POST',
          agent: false,
          timeout: PATIENCE,
          headers: { authorization: token, 'content-type': 'application/json' },
        },
        (answer) => {
          answer.resume().on('end', () => {
            if (answer.statusCode !== undefined && answer.statusCode < 500) answered += 1;
            else failed.push(`status ${answer.statusCode}`);
            slowestMs = Math.max(slowestMs, Date.now() - began);
            resolve();
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', (error) => {
        failed.push(error.message);
        resolve();
      });
      sent.end('{"id": 1, "state_string": "Running"}');
    });
  }

  const sending = (async () => {
    while (!ending.signal.aborted) {
      const one = send();
      open.add(one);
      void one.then(() => open.delete(one));
      await sleep(EVERY);
    }
  })();
  return {
    async end() {
      ending.abort();
      await sending;
      await Promise.all(open);
      return { answered, failed, slowestMs };
    },
  };
}
