import { expect, it } from 'vitest';
import { createHostFetch, type HostFetch } from '../../src/intake/host-fetch.ts';
import { listen } from '../support/listen.ts';

function hostFetch(): HostFetch {
  const limits = { timeoutMs: 10_000, maxRedirects: 3, networks: ['loopback'] as const };
  return createHostFetch({ limits, now: Date.now });
}

it('asks a host no more that fails, whoever sends there, and goes on asking the one that sends', async () => {
  let askedBroken = 0;
  const broken = await listen((_req, res) => {
    askedBroken++;
    res.writeHead(503).end();
  });
  const good = await listen((req, res) => {
    if (req.url === '/on') res.writeHead(302, { location: broken }).end();
    else res.end('here');
  });
  const fetch = hostFetch();
  const codes: unknown[] = [];
  for (let i = 0; i < 20; i++) {
    const error: unknown = await fetch(`${good}/on`, { maxBytes: 100 }).catch((e: unknown) => e);
    codes.push(error instanceof Error && 'code' in error ? error.code : error);
  }

  expect(codes.at(-1)).toBe('down');
  expect(askedBroken).toBeLessThan(10);
  expect((await fetch(`${good}/a`, { maxBytes: 100 })).body.toString()).toBe('here');
  await expect(fetch(`${broken}/a`, { maxBytes: 100 })).rejects.toMatchObject({ code: 'down' });
});

it('ends a loop of redirects, and one through every host', async () => {
  const urls: string[] = [];
  for (const n of [0, 1]) {
    urls.push(await listen((_req, res) => res.writeHead(307, { location: urls[1 - n] ?? '' }).end()));
  }
  await expect(hostFetch()(urls[0] ?? '', { maxBytes: 100 })).rejects.toMatchObject({
    code: 'fetch_redirects',
  });
});
