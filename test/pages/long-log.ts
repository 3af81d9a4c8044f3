// A log of 300,000 lines in the browser: how soon it is ready, what it weighs, and whether it can be moved in.
import { readFileSync, readdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import type { Checks } from './checks.ts';

/** Times are several times what an idle machine needs, so that a loaded one passes; what was measured is printed. */
const MOST = { cpuSeconds: 6, memory: 300, frame: 300, wire: 3_000_000 };

export async function look(browser: Browser, url: string, { ok }: Checks): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  await session.send('Network.enable');
  let wire = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (wire += encodedDataLength));
  const began = performance.now();
  await page.goto(url, { waitUntil: 'domcontentloaded', timeout: 120_000 });
  const ready = performance.now() - began;
  await page.waitForLoadState('load');
  const metrics = async (): Promise<Map<string, number>> =>
    new Map((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const first = await metrics();
  const memory = rendererMemory();
  const frames = await page.evaluate(
    () =>
      new Promise<number[]>((done) => {
        const times: number[] = [];
        const step = (): void => {
          const from = performance.now();
          scrollBy(0, 2500);
          document.body.getBoundingClientRect();
          times.push(performance.now() - from);
          if (times.length < 100) requestAnimationFrame(step);
          else done(times.sort((a, b) => a - b));
        };
        requestAnimationFrame(step);
      }),
  );
  const after = await metrics();
  const perFrame = (1000 * ((after.get('TaskDuration') ?? 0) - (first.get('TaskDuration') ?? 0))) / 100;
  const cpu = first.get('ThreadTime') ?? 0;
  console.log(
    `log of 300,000 lines: ready after ${Math.round(ready)} ms (${cpu.toFixed(2)} s of the browser's thread), ${memory} MB, ` +
      `${(wire / 1e6).toFixed(2)} MB on the wire, a frame takes ${perFrame.toFixed(1)} ms (layout: median ${frames[50]?.toFixed(1) ?? ''}, 95% ${frames[95]?.toFixed(1) ?? ''})`,
  );
  ok('long log: ready', cpu < MOST.cpuSeconds, cpu);
  ok('long log: memory', memory < MOST.memory, memory);
  ok('long log: a frame', perFrame < MOST.frame, perFrame);
  ok('long log: on the wire', wire < MOST.wire, wire);
  await page.evaluate(() => (location.hash = '#L250011'));
  await page.waitForFunction(() => document.querySelector('#L250011:target') !== null);
  const top = await page.evaluate(
    () => document.querySelector('#L250011')?.getBoundingClientRect().top ?? -1,
  );
  ok('long log: any line is found', top > -2 && top < 800, top);
  await context.close();
}

/** Of the largest renderer that a browser of ours runs (MB). */
function rendererMemory(): number {
  const sizes = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) return [];
        return [
          Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
        ];
      } catch {
        return [];
      }
    });
  return Math.round(Math.max(0, ...sizes));
}
