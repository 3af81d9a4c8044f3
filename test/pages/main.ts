// Looks at every page in a real browser (Debian's Chromium): with real jobs, hostile names, by keyboard, without script, in both
// colour schemes, on a phone's width, and at a log of 300,000 lines. The last line is the count.
//
//   npm run pages [-- --pictures DIR]    DIR: where to put a picture of each page
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { createChecks, type Checks } from './checks.ts';
import { look } from './long-log.ts';
import { DEMO_LAB } from '../../src/demo/world.ts';
import { HOSTILE, startLooked, type Looked } from './world.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
    ' ',
  );
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 800 } };
/** A loaded machine is slow; what is measured is printed. */
const PATIENCE = 60_000;

const pictures = process.argv.includes('--pictures')
  ? process.argv[process.argv.indexOf('--pictures') + 1]
  : undefined;
const checks = createChecks();
const looked = await startLooked();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: PATIENCE });
try {
  await everyPage(browser, looked, checks);
  await checks.run('hostile names', () => hostile(browser, looked, checks));
  await checks.run('keyboard', () => keyboard(browser, looked, checks));
  await checks.run('sign-in', () => signIn(browser, looked, checks));
  await checks.run('without script', () => withoutScript(browser, looked, checks));
  await checks.run('live', () => live(browser, looked, checks));
  await checks.run('the long log', () => look(browser, `${looked.world.url}${logOf(looked)}`, checks));
} finally {
  await browser.close();
  await looked.stop();
}
console.log(`${checks.passed()} passed, ${checks.failed()} failed`);
process.exit(checks.failed() === 0 ? 0 : 1);

function jobOf({ ids }: Looked, name: string): string {
  return `/jobs/${encodeURIComponent(ids.get(name) ?? '')}`;
}

function logOf(looked: Looked): string {
  return `${jobOf(looked, 'a-case-fails')}/log`;
}

async function pagesOf(looked: Looked): Promise<[string, string][]> {
  const { reader } = looked.world.daemon.context;
  const [issue] = await reader.issues({ since: '2000-01-01', order: 'runs', limit: 1 });
  const job = await reader.job(looked.ids.get('panic-at-boot') ?? '');
  const other = looked.ids.get('all-passes') ?? '';
  return [
    ['overview', '/'],
    ['boards', '/boards'],
    ['board', '/boards/qemu-x86_64'],
    ['device', `/labs/${job?.lab ?? ''}/devices/${job?.device ?? ''}`],
    ['jobs', '/jobs'],
    ['job', jobOf(looked, 'all-kinds-of-cases')],
    ['job-crashed', jobOf(looked, 'panic-at-boot')],
    ['job-retried', jobOf(looked, 'dead-board')],
    ['log', `${jobOf(looked, 'panic-at-boot')}/log`],
    ['search', `${jobOf(looked, 'panic-at-boot')}/log?q=panic`],
    ['issues', '/issues'],
    ['issue', `/issues/${issue?.signature ?? 'none'}`],
    ['compare', `/compare?before=${encodeURIComponent(other)}&after=${encodeURIComponent(job?.id ?? '')}`],
    ['login', '/login'],
  ];
}

async function open(
  browser: Browser,
  context: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
  const made = await browser.newContext(context);
  const page = await made.newPage();
  page.setDefaultTimeout(PATIENCE);
  const faults: string[] = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { context: made, page, faults };
}

async function isNarrow(page: Page): Promise<[boolean, unknown]> {
  const [needed, there, culprit] = await page.evaluate(() => {
    const wide = [...document.querySelectorAll('main *, header *')].find(
      (e) => e.getBoundingClientRect().right > innerWidth + 1,
    );
    return [document.documentElement.scrollWidth, innerWidth, wide?.outerHTML.slice(0, 200) ?? ''] as const;
  });
  return [needed <= there, { needed, there, culprit }];
}

async function everyPage(browser: Browser, looked: Looked, { ok, run }: Checks): Promise<void> {
  const pages = await pagesOf(looked);
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const { context, page, faults } = await open(browser, { colorScheme, viewport });
      for (const [name, path] of pages) {
        const what = `${name}, ${colorScheme}, ${size}`;
        await run(what, async () => {
          const answer = await page.goto(`${looked.world.url}${path}`, {
            waitUntil: 'load',
            timeout: PATIENCE,
          });
          ok(`${what}: is there`, answer?.status() === 200, answer?.status());
          const [narrow, seen] = await isNarrow(page);
          ok(`${what}: does not scroll sideways`, narrow, seen);
          if (colorScheme === 'light' || size === 'wide') {
            const found = await accessibility(page);
            ok(`${what}: axe finds nothing`, found.length === 0, found);
          }
          if (
            pictures !== undefined &&
            (size === 'wide'
              ? colorScheme === 'light' || name === 'overview'
              : colorScheme === 'dark' && name === 'job')
          )
            await page.screenshot({
              path: join(
                pictures,
                `${name}${size === 'phone' ? '-phone' : ''}${colorScheme === 'dark' ? '-dark' : ''}.png`,
              ),
              timeout: PATIENCE,
            });
        });
      }
      ok(`${colorScheme}, ${size}: nothing is refused or fails`, faults.length === 0, faults);
      await context.close();
    }
  }
}

/** What axe-core calls moderate, serious or critical. */
async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run: (
          what: Document,
          options: object,
        ) => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run(document, {
      rules: { 'target-size': { enabled: true } },
      resultTypes: ['violations'],
    });
    return violations
      .filter(({ impact }) => impact !== 'minor')
      .map(
        ({ id, impact, nodes }) => `${impact} ${id} (${nodes.length}): ${nodes[0]?.html.slice(0, 160) ?? ''}`,
      );
  });
}

async function hostile(browser: Browser, { world, hostileId }: Looked, { ok }: Checks): Promise<void> {
  const { context, page, faults } = await open(browser, { viewport: SIZES.phone });
  for (const path of [
    '/jobs',
    `/jobs/${encodeURIComponent(hostileId)}`,
    '/',
    `/jobs?name=${encodeURIComponent(HOSTILE.slice(0, 400))}`,
  ]) {
    await page.goto(`${world.url}${path}`);
    const [narrow, seen] = await isNarrow(page);
    ok(`hostile names on ${path.slice(0, 30)}: no sideways scroll`, narrow, seen);
    ok(
      `hostile names on ${path.slice(0, 30)}: no markup`,
      (await page.locator('main script, main img').count()) === 0,
    );
    ok(
      `hostile names on ${path.slice(0, 30)}: no controls`,
      !/[\u0000\u001b\u202e]/.test(await page.innerText('main')),
    );
  }
  ok('hostile names: nothing runs', faults.length === 0, faults);
  await context.close();
}

async function keyboard(browser: Browser, { world }: Looked, { ok }: Checks): Promise<void> {
  const { context, page } = await open(browser);
  const focused = (): Promise<string> =>
    page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  await page.goto(`${world.url}/`);
  await page.keyboard.press('Tab');
  ok(
    'keyboard: the way past the menu comes first',
    (await focused()) === 'Skip to the content',
    await focused(),
  );
  await page.keyboard.press('Enter');
  ok('keyboard: leads into the content', await page.evaluate(() => location.hash === '#main'));
  await page.goto(`${world.url}/`);
  for (let i = 0; i < 20 && (await focused()) !== 'Jobs'; i++) await page.keyboard.press('Tab');
  await Promise.all([page.waitForURL('**/jobs'), page.keyboard.press('Enter')]);
  for (let i = 0; i < 30 && (await focused()) !== 'Filter'; i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  for (
    let i = 0;
    i < 30 &&
    !(await page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.name === 'tree'));
    i++
  )
    await page.keyboard.press('Tab');
  await page.keyboard.type('mainline');
  await Promise.all([page.waitForURL('**/jobs?*tree=mainline*'), page.keyboard.press('Enter')]);
  ok('keyboard: jobs are filtered', (await page.locator('h1').innerText()) === 'Jobs');
  await context.close();
}

async function signIn(browser: Browser, looked: Looked, { ok }: Checks): Promise<void> {
  const { world } = looked;
  const { context, page } = await open(browser, { javaScriptEnabled: false });
  const enter = async (token: string): Promise<number> => {
    await page.goto(`${world.url}/login`);
    await page.fill('input[name=token]', token);
    const [answer] = await Promise.all([
      page.waitForResponse((r) => r.request().method() === 'POST'),
      page.click('main button'),
    ]);
    await page.waitForLoadState();
    return answer.status();
  };
  ok('sign-in: a wrong token', (await enter('no token')) === 401);
  ok('sign-in: the right one', (await enter(world.token)) === 303);
  const [cookie] = await context.cookies();
  ok('sign-in: the cookie', cookie?.httpOnly === true && cookie.sameSite === 'Strict', cookie);
  // A job that waits is there to be cancelled, however fast the lab is.
  await world.daemon.context.store.drain(DEMO_LAB, '', 'for a while');
  const id = looked.more('to-be-cancelled');
  for (let i = 0; i < 200 && (await world.daemon.context.store.job(id)) === undefined; i++)
    await new Promise((done) => {
      setTimeout(done, 100);
    });
  await page.goto(`${world.url}/jobs/${encodeURIComponent(id)}/cancel`);
  await page.click('main button');
  await page.waitForLoadState();
  ok(
    'sign-in: an order is given, with its name',
    /cancelled by admin/.test(await page.innerText('main')),
    await page.innerText('main'),
  );
  await world.daemon.context.store.resume(DEMO_LAB, '');
  const foreign = await fetch(`${world.url}/jobs/${encodeURIComponent(id)}/cancel`, {
    method: 'POST',
    headers: {
      origin: 'https://elsewhere.example',
      'content-type': 'application/x-www-form-urlencoded',
      cookie: `${cookie?.name ?? ''}=${cookie?.value ?? ''}`,
    },
    body: '',
  });
  ok('sign-in: a form of another site is refused', foreign.status === 403, foreign.status);
  await page.click('header button');
  await page.waitForLoadState();
  const after = await fetch(`${world.url}/jobs/${encodeURIComponent(id)}/cancel`, { redirect: 'manual' });
  ok('sign-in: who is not signed in is asked to', after.status === 303, after.status);
  await context.close();
}

async function withoutScript(browser: Browser, looked: Looked, { ok }: Checks): Promise<void> {
  const { context, page } = await open(browser, { javaScriptEnabled: false });
  await page.goto(`${looked.world.url}/jobs`);
  ok('without script: the jobs are there', (await page.locator('tbody tr').count()) > 5);
  ok('without script: loads itself again', (await page.locator('meta[http-equiv=refresh]').count()) === 1);
  await page.goto(`${looked.world.url}${logOf(looked)}?line=123457#L123457`);
  ok('without script: a line of the log is found', (await page.locator('#L123457').count()) === 1);
  await context.close();
}

async function live(browser: Browser, { world, more }: Looked, { ok }: Checks): Promise<void> {
  const { context, page } = await open(browser);
  await page.goto(`${world.url}/jobs`);
  await page.waitForFunction(() => document.querySelector('#live')?.textContent === 'live');
  await page.click('summary');
  await page.fill('input[name=device]', 'typed by the reader');
  await page.evaluate(() => {
    const name = document.querySelector('tbody bdi');
    if (name !== null) getSelection()?.selectAllChildren(name);
    scrollTo(0, 120);
  });
  const before = await page.evaluate(() => getSelection()?.toString() ?? '');
  const name = `appears-${Date.now()}`;
  more(name);
  await page.waitForFunction(
    (text) => document.querySelector('main')?.textContent?.includes(text) === true,
    name,
  );
  const after = await page.evaluate(() => ({
    selection: getSelection()?.toString() ?? '',
    field: document.querySelector<HTMLInputElement>('input[name=device]')?.value,
    focus: (document.activeElement as HTMLInputElement | null)?.name,
    open: document.querySelector('details')?.open,
  }));
  ok(
    'live: what the reader does stays',
    after.selection === before &&
      after.field === 'typed by the reader' &&
      after.focus === 'device' &&
      after.open === true,
    { before, ...after },
  );
  const { store } = world.daemon.context;
  await page.goto(`${world.url}/`);
  await page.waitForFunction(() => document.querySelector('#live')?.textContent === 'live');
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const why = `reason ${i}`;
    const seen = page.waitForFunction(
      (text) => document.querySelector('main')?.textContent?.includes(text) === true,
      why,
      { polling: 'raf' },
    );
    const began = performance.now();
    await store.drain('lava-demo', '', why);
    await seen;
    times.push(performance.now() - began);
    await new Promise((done) => {
      setTimeout(done, 700);
    });
  }
  times.sort((a, b) => a - b);
  const [median = 0, most = 0] = [times[10], times[18]];
  console.log(`live: a drain is seen after ${Math.round(median)} ms (median), ${Math.round(most)} ms (95%)`);
  ok('live: seen within the time', most < 3000, times);
  await store.resume('lava-demo', '');
  await world.daemon.stop();
  await page.waitForFunction(
    () => document.querySelector('#live')?.textContent?.startsWith('not live') === true,
  );
  await world.restart();
  await page.waitForFunction(() => document.querySelector('#live')?.textContent === 'live');
  ok('live: says when it is not, and comes back by itself', true);
  await context.close();
}
