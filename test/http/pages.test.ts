import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../src/sim/free-port.ts';
import { atEnd, LAB, testWorld, until, X86, type TestWorld } from '../support/world.ts';

/** What a reader sees: the main part without tags. */
async function seen(world: TestWorld, path: string): Promise<string> {
  const { text } = await world.http(path);
  const main = text.slice(text.indexOf('<main'), text.indexOf('</main>'));
  return main.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
}

describe('the first page', () => {
  it('shows what is up and what waits for what; the list of jobs, their verdicts', async () => {
    const world = await testWorld();
    world.fly();
    await world.ended(world.publish({ name: 'fails', scenario: 'fail' }));
    await world.daemon.context.store.drain(LAB, '', 'the rack moves');
    await world.waits(world.publish({ name: 'waits' }), 'drained');

    const text = await seen(world, '/');
    expect(text).toMatch(
      new RegExp(
        `Needs you Lab ${LAB} is drained: the rack moves .* Systems .* ${LAB} drained .* kcidb up .* What waits`,
      ),
    );
    expect(text).toMatch(/Jobs on their way .* 1 received admitted/);
    expect(text).toMatch(new RegExp(`What waits .* 1 drained ${LAB} ${X86} .* is drained: the rack moves`));
    expect(await seen(world, '/jobs')).toMatch(
      /Jobs .* waits admitted qemu-x86_64 .* lava-demo is drained.* fails fail .* boot PASS , shell FAIL/,
    );
    expect(await seen(world, '/jobs?open=true')).not.toMatch(/shell FAIL/);
    expect(await seen(world, '/jobs?result=fail')).not.toMatch(/waits admitted/);
    expect((await world.http('/jobs.csv?result=fail')).text).toMatch(
      /^id,lab,node_id,name,[^]*,fails,qemu-x86_64,/,
    );
  });

  it('leads on to older jobs, fifty at a time', async () => {
    const world = await testWorld();
    for (let i = 0; i < 51; i++) world.publish({ name: `n-${i}`, board: 'no-such-board' });
    await until('all are there', async () =>
      (await world.daemon.context.store.jobs({ limit: 100 })).length === 51 ? true : undefined,
    );

    const { text } = await world.http('/jobs');
    const names = (page: string): string[] =>
      [...page.matchAll(/>(n-\d+)<\/bdi/g)].map(([, name]) => name ?? '');
    const older = /href="(\/jobs\?[^"]+)">Older/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const next = await world.http(older);
    expect(names(text)).toHaveLength(50);
    expect(new Set([...names(text), ...names(next.text)]).size).toBe(51);
  });

  it('lists the boards and what each can run', async () => {
    const world = await testWorld();

    const line = new RegExp(`${X86} ${LAB} online 3 idle 3 queued 0 our jobs 0`);
    await until('LAVA has said what it has', async () =>
      line.test(await seen(world, '/boards')) ? true : undefined,
    );
    expect(await seen(world, `/boards/${X86}`)).toMatch(/What it can run in lava-demo \d+ of \d+ plans/);
    expect((await world.http('/boards/none')).status).toBe(404);
  });
});

describe('the page of a job', () => {
  it('shows why it came out so, its LAVA jobs with their logs, and the whole timeline', async () => {
    const world = await testWorld({ lab: { retries: { infrastructure: 1, pause: '100ms' } } });
    world.fly();
    const nodeId = world.publish({ name: 'retried', scenario: 'infrastructure-once' });
    await world.ended(nodeId);

    const text = await seen(world, `/jobs/${nodeId}`);
    expect(text).toMatch(
      /retried on qemu-x86_64 pass : boot PASS , shell PASS .* rule complete: the job is Complete/,
    );
    expect(text).toMatch(
      /1 1 Finished qemu-0\d .* Connection closed 2 2 Finished qemu-0\d .* log.html log.txt/,
    );
    expect(text).toMatch(
      /kcidb report done .* received \(pull_labs\) .* submitted: LAVA job 2 .* reported Def/,
    );
    const { text: page } = await world.http(`/jobs/${nodeId}`);
    const log = /href="([^"]+)">log.txt/.exec(page)?.[1] ?? '';
    expect((await world.http(new URL(log).pathname)).text).toContain('Linux version');
    expect(await seen(world, `/jobs/${nodeId}/log`)).toMatch(/Log of retried .* Sections .* Linux version/);
    expect(await seen(world, `/jobs/${nodeId}/log?q=linux+version`)).toMatch(
      /2 of \d+ lines .*Linux version/,
    );
  });

  it('leads to the console while the job runs', async () => {
    const world = await testWorld();
    const nodeId = world.publish({ scenario: 'long' });
    await world.at(nodeId, 'running');

    expect((await world.http('/api/v1/jobs')).json).toMatchObject({
      jobs: [{ lava_id: 1, stage: 'running' }],
    });
    const { text } = await world.http(`/jobs/${nodeId}`);
    const path = /href="([^"]+\/log)">console/.exec(text)?.[1] ?? '';
    const answer = await fetch(`${world.url}${path}`, { signal: AbortSignal.timeout(20_000) });
    const reader = answer.body?.getReader();
    let shown = '';
    while (!shown.includes('Linux version')) {
      const part = await reader?.read();
      expect(part?.done).toBe(false);
      shown += Buffer.from(part?.value ?? []).toString();
    }
    await reader?.cancel();
  });

  it('that does not exist says so', async () => {
    const world = await testWorld();

    expect((await world.http('/jobs/none')).status).toBe(404);
    expect(await seen(world, '/jobs/none')).toContain('There is no such job.');
  });
});

describe('what comes from outside', () => {
  it('stays text on every page, and no page runs a script that is not ours', async () => {
    const world = await testWorld();
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>';
    const nodeId = world.publish({ name: evil, board: evil });
    await world.ended(nodeId);

    for (const path of ['/jobs', `/jobs?board=${encodeURIComponent(evil)}`, `/jobs/${nodeId}`]) {
      const answer = await fetch(`${world.url}${path}`);
      const text = await answer.text();
      expect(text).toContain('&quot;&gt;&lt;script&gt;alert(1)');
      const scripts = (text.match(/<script[^>]*>|<img/g) ?? []).map((tag) => tag.replace(/\?v=\w+/, ''));
      expect(scripts).toEqual([
        '<script src="/pages/idiomorph.js" defer>',
        '<script src="/pages/live.js" defer>',
      ]);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });
});

it('style and scripts are kept for good under a name with their checksum', async () => {
  const world = await testWorld();
  const { text } = await world.http('/');
  const path = /href="(\/pages\/style\.css\?v=\w+)"/.exec(text)?.[1] ?? '';
  const answer = await fetch(`${world.url}${path}`);
  const etag = answer.headers.get('etag') ?? '';

  expect(answer.headers.get('cache-control')).toContain('immutable');
  expect((await fetch(`${world.url}${path}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
  expect((await fetch(`${world.url}/pages/style.css?v=old`)).headers.get('cache-control')).toBe('no-cache');
  expect((await world.http('/pages/idiomorph.js')).text).toContain('Idiomorph');
});

describe('the socket of the pages', () => {
  function open(world: TestWorld, path = '/ws', origin = world.url): WebSocket {
    const socket = new WebSocket(`${world.url.replace('http', 'ws')}${path}`, { origin });
    atEnd(async () => socket.terminate());
    return socket;
  }

  it('says which jobs changed', async () => {
    const world = await testWorld();
    const socket = open(world);
    await once(socket, 'open');
    const heard = new Set<string>();
    socket.on('message', (data: Buffer) => {
      for (const id of (JSON.parse(data.toString()) as { jobs?: string[] }).jobs ?? []) heard.add(id);
    });
    const nodeId = world.publish();

    await until('the page hears of it', () => (heard.has(`${LAB}:${nodeId}`) ? true : undefined));
    await world.ended(nodeId);
  });

  it.each([
    ['of another path', '/wss', undefined, 404],
    ['of another site’s page', '/ws', 'https://elsewhere.example', 403],
  ])('refuses a reader %s', async (_who, path, origin, status) => {
    const world = await testWorld();
    const socket = open(world, path, origin);
    const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [Error];

    expect(error.message).toContain(String(status));
  });

  it('holds up no stop of the daemon', async () => {
    const world = await testWorld();
    const socket = open(world);
    await once(socket, 'open');

    await Promise.all([world.stop(), once(socket, 'close')]);
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });
});

it('pages at an address of their own serve nothing else', async () => {
  const port = await freePort();
  const apart = await testWorld({ http: { pages_listen: `127.0.0.1:${port}` } });
  const url = `http://127.0.0.1:${port}`;

  expect((await fetch(`${url}/`)).status).toBe(200);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/api/v1/jobs`)).status).toBe(404);
  expect((await apart.http('/')).status).toBe(404);
  expect((await apart.http('/api/v1/jobs')).status).toBe(200);
});
