// Asks /healthz again and again in a thread of its own, so that a busy flood does not delay what it measures. Started by
// flood.ts with { url, everyMs }; any message ends it, and it answers with the times (ms; Infinity: no good answer).
import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { sleep } from '../src/core/time.ts';

const { url, everyMs } = z.object({ url: z.string(), everyMs: z.number() }).parse(workerData);
const NO_ANSWER = 10_000;
const agent = new Agent({ keepAlive: true });
const times: number[] = [];
const over = new AbortController();

function ask(): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get(url, { agent }, (response) => {
      response.on('error', () => resolve(false));
      response.on('end', () => resolve(response.statusCode === 200));
      response.resume();
    });
    asked.setTimeout(NO_ANSWER, () => asked.destroy(new Error('no answer')));
    asked.on('error', () => resolve(false));
  });
}

parentPort?.once('message', () => over.abort());
while (!over.signal.aborted) {
  const begin = performance.now();
  const isGood = await ask();
  times.push(isGood ? performance.now() - begin : Infinity);
  await sleep(everyMs, over.signal);
}
agent.destroy();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window's
parentPort?.postMessage(times);
