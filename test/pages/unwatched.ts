// A tab that is looked at by Chromium's protocol alone. What playwright opens has the protocol's network log on, and a document
// of twenty megabytes is then read a second time before it counts as loaded (some 800 ms of the page's thread).
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { sleep } from '../../src/core/time.ts';

/** A tab in the browser's own context. */
export interface UnwatchedTab {
  /** What the expression, or the promise that it gives, comes to: JSON. */
  evaluate: (expression: string) => Promise<unknown>;
  /** The browser's counters for this page. */
  metrics: () => Promise<Map<string, number>>;
  close: () => Promise<void>;
}

const Answer = z.object({ id: z.number(), result: z.unknown().optional(), error: z.unknown().optional() });
const Evaluated = z.object({ result: z.object({ value: z.unknown().optional() }) });
const Metrics = z.object({ metrics: z.array(z.object({ name: z.string(), value: z.number() })) });

const LOOK_EVERY = 100;

/** Opens the page and waits until it is loaded, for `patience` ms at most. */
export async function openUnwatched(browser: Browser, url: string, patience: number): Promise<UnwatchedTab> {
  const session = await browser.newBrowserCDPSession();
  const { targetId } = await session.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map<number, (answer: z.infer<typeof Answer>) => void>();
  let ids = 0;
  session.on('Target.receivedMessageFromTarget', ({ sessionId: from, message }) => {
    if (from !== sessionId) return;
    const answer = Answer.safeParse(JSON.parse(message));
    if (answer.success) waiting.get(answer.data.id)?.(answer.data);
  });

  async function call(method: string, params: object = {}): Promise<unknown> {
    const id = ++ids;
    const answered = new Promise<z.infer<typeof Answer>>((resolve) => waiting.set(id, resolve));
    await session.send('Target.sendMessageToTarget', {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    });
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async function evaluate(expression: string): Promise<unknown> {
    const params = { expression, returnByValue: true, awaitPromise: true };
    return Evaluated.parse(await call('Runtime.evaluate', params)).result.value;
  }

  await call('Performance.enable', { timeDomain: 'threadTicks' });
  await call('Page.navigate', { url });
  const end = performance.now() + patience;
  const isLoaded = `location.href !== 'about:blank' && performance.getEntriesByType('navigation')[0]?.loadEventEnd > 0`;
  while ((await evaluate(isLoaded)) !== true) {
    if (performance.now() > end) throw new Error(`${url} is not loaded after ${patience} ms`);
    await sleep(LOOK_EVERY);
  }
  return {
    evaluate,
    async metrics() {
      const { metrics } = Metrics.parse(await call('Performance.getMetrics'));
      return new Map(metrics.map(({ name, value }) => [name, value]));
    },
    async close() {
      await session.send('Target.closeTarget', { targetId });
      await session.detach();
    },
  };
}
