// A log of 300,000 lines in the browser: how soon it is ready, what it weighs, and whether it can be moved in.
import { readFileSync, readdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import type { Checks } from './checks.ts';
import { openUnwatched } from './unwatched.ts';

/** The longest that anything is waited for (ms). */
const PATIENCE = 120_000;
/** Times are several times what an idle machine needs, so that a loaded one passes; what was measured is printed. */
const MOST = { cpuSeconds: 6, memory: 300, frame: 300, wire: 3_000_000 };

const Navigation = z.object({ domContentLoadedEventEnd: z.number(), transferSize: z.number() });
const Times = z.array(z.number());

const FRAMES = 100;
/** Moves on by three screens, again and again; gives how long style and layout took (ms), the shortest first. */
const MOVE = `new Promise((done) => {
  const times = [];
  const step = () => {
    const from = performance.now();
    scrollBy(0, 2500);
    document.body.getBoundingClientRect();
    times.push(performance.now() - from);
    if (times.length < ${FRAMES}) requestAnimationFrame(step);
    else done(JSON.stringify(times.sort((a, b) => a - b)));
  };
  requestAnimationFrame(step);
})`;

export async function look(browser: Browser, url: string, { ok }: Checks): Promise<void> {
  const tab = await openUnwatched(browser, url, PATIENCE);
  const navigation = await tab.evaluate(`JSON.stringify(performance.getEntriesByType('navigation')[0])`);
  const { domContentLoadedEventEnd: ready, transferSize: wire } = Navigation.parse(
    JSON.parse(String(navigation)),
  );
  const loaded = await tab.metrics();
  const memory = rendererMemory();
  const layout = Times.parse(JSON.parse(String(await tab.evaluate(MOVE))));
  const moved = await tab.metrics();
  await tab.close();
  const busy = (metrics: Map<string, number>): number => metrics.get('TaskDuration') ?? NaN;
  const perFrame = (1000 * (busy(moved) - busy(loaded))) / FRAMES;
  const cpu = busy(loaded);
  console.log(
    `log of 300,000 lines: ready after ${Math.round(ready)} ms (${cpu.toFixed(2)} s of the page's thread), ${memory} MB, ` +
      `${(wire / 1e6).toFixed(2)} MB on the wire, a frame takes ${perFrame.toFixed(1)} ms (layout: median ${layout[50]?.toFixed(1) ?? ''}, 95% ${layout[95]?.toFixed(1) ?? ''})`,
  );
  ok('long log: ready', cpu < MOST.cpuSeconds, cpu);
  ok('long log: memory', memory < MOST.memory, memory);
  ok('long log: a frame', perFrame < MOST.frame, perFrame);
  ok('long log: on the wire', wire < MOST.wire, wire);
  await anyLine(browser, url, ok);
}

/** A line without an anchor of its own is found by its number all the same. */
async function anyLine(browser: Browser, url: string, ok: Checks['ok']): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(url, { waitUntil: 'load', timeout: PATIENCE });
  await page.evaluate(() => (location.hash = '#L250011'));
  await page.waitForFunction(() => document.querySelector('#L250011:target') !== null);
  const { top, height } = await page.evaluate(() => ({
    top: document.querySelector('#L250011')?.getBoundingClientRect().top ?? -Infinity,
    height: window.innerHeight,
  }));
  // A browser rounds: it may be a pixel above the window.
  ok('long log: any line is found', top > -2 && top < height, top);
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
