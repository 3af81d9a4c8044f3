import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RequestError, TemporaryError } from '../../src/core/errors.ts';
import { exchange } from '../../src/core/http-exchange.ts';
import { fetchLimited, type FetchLimits } from '../../src/core/fetch-limited.ts';
import { listen } from '../support/listen.ts';

const LIMITS: FetchLimits = { timeoutMs: 5000, maxBytes: 1000, maxRedirects: 2, networks: ['loopback'] };
const PUBLIC_ONLY: FetchLimits = { ...LIMITS, networks: ['public'] };
const ONE_ADDRESS: FetchLimits = { ...LIMITS, networks: ['public', '127.0.0.2/32'] };

/** A server on 127.0.0.1 and 127.0.0.2; gives its port. */
async function serve(listener: RequestListener): Promise<number> {
  const port = portOf(await listen(listener));
  return portOf(await listen(listener, { host: '127.0.0.2', port }));
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

describe('what is fetched', () => {
  it('gives the body, and where it came from in the end', async () => {
    const port = await serve((req, res) => {
      if (req.url === '/b?x=1') res.end('here');
      else res.writeHead(302, { location: '/b?x=1' }).end();
    });

    const { url, body } = await fetchLimited(`http://127.0.0.1:${port}/a`, LIMITS);

    expect([url, body.toString()]).toEqual([`http://127.0.0.1:${port}/b?x=1`, 'here']);
  });

  it.each(['file:///etc/passwd', 'ftp://host/x', 'data:text/plain,x', '//host/x', '/etc/passwd', ''])(
    'refuses %j, which is neither http nor https',
    async (url) => {
      await expect(fetchLimited(url, LIMITS)).rejects.toMatchObject({ code: 'fetch_refused' });
    },
  );

  it('refuses a URL with a password, and does not repeat it', async () => {
    const refused = fetchLimited('http://user:secret@127.0.0.1/', LIMITS);

    await expect(refused).rejects.toMatchObject({ code: 'fetch_refused' });
    await expect(refused).rejects.not.toThrow(/secret/);
  });

  it('refuses a redirect to another scheme', async () => {
    const port = await serve((_req, res) => res.writeHead(302, { location: 'file:///etc/passwd' }).end());

    await expect(fetchLimited(`http://127.0.0.1:${port}/`, LIMITS)).rejects.toMatchObject({
      code: 'fetch_refused',
    });
  });

  it('follows no more redirects than it may', async () => {
    const asked: (string | undefined)[] = [];
    const port = await serve((req, res) => {
      asked.push(req.url);
      res.writeHead(302, { location: `/${asked.length}` }).end();
    });

    await expect(fetchLimited(`http://127.0.0.1:${port}/`, LIMITS)).rejects.toMatchObject({
      code: 'fetch_redirects',
    });
    expect(asked).toEqual(['/', '/1', '/2']);
  });

  it('refuses what is larger than it may be, for good', async () => {
    const port = await serve((_req, res) => res.end('x'.repeat(1001)));

    const refused = fetchLimited(`http://127.0.0.1:${port}/`, LIMITS);

    await expect(refused).rejects.toBeInstanceOf(RequestError);
    await expect(refused).rejects.toMatchObject({ code: 'too_large' });
  });

  it('counts the time of all redirects together', async () => {
    const port = await serve((_req, res) => {
      setTimeout(() => res.writeHead(302, { location: '/' }).end(), 150);
    });

    await expect(
      fetchLimited(`http://127.0.0.1:${port}/`, { ...LIMITS, timeoutMs: 200, maxRedirects: 100 }),
    ).rejects.toMatchObject({ code: 'unreachable' });
  });

  it.each([404, 403, 410])('takes a %i for the end', async (status) => {
    const port = await serve((_req, res) => res.writeHead(status).end());

    await expect(fetchLimited(`http://127.0.0.1:${port}/`, LIMITS)).rejects.toBeInstanceOf(RequestError);
  });

  it.each([500, 503, 429])('takes a %i for something that passes', async (status) => {
    const port = await serve((_req, res) => res.writeHead(status).end());

    await expect(fetchLimited(`http://127.0.0.1:${port}/`, LIMITS)).rejects.toBeInstanceOf(TemporaryError);
  });

  it.each([404, 500])('quotes nothing of what a %i says', async (status) => {
    const port = await serve((_req, res) => res.writeHead(status).end('{"detail": "inner secret"}'));

    const failure = fetchLimited(`http://127.0.0.1:${port}/`, LIMITS);

    await expect(failure).rejects.toThrow(String(status));
    await expect(failure).rejects.not.toThrow(/inner|secret/);
  });

  it('ends when it is aborted', async () => {
    const port = await serve(() => {});
    const abort = new AbortController();

    const failure = fetchLimited(`http://127.0.0.1:${port}/`, LIMITS, { signal: abort.signal });
    abort.abort();

    await expect(failure).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('where from', () => {
  it.each(['127.0.0.1', '[::1]', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', 'localhost'])(
    'refuses %s without asking it',
    async (host) => {
      const asked: unknown[] = [];
      const port = await serve((req, res) => {
        asked.push(req.url);
        res.end('secret');
      });

      await expect(fetchLimited(`http://${host}:${port}/`, PUBLIC_ONLY)).rejects.toMatchObject({
        code: 'fetch_refused',
        setting: 'fetch.networks',
      });
      expect(asked).toEqual([]);
    },
  );

  it('refuses a name that resolves to loopback', async () => {
    const port = await serve((_req, res) => res.end('secret'));

    const failure = fetchLimited(`http://files.example:${port}/`, PUBLIC_ONLY, {
      lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    });

    await expect(failure).rejects.toMatchObject({ code: 'fetch_refused' });
  });

  it('connects to the allowed addresses of a name alone', async () => {
    const port = await serve((req, res) => res.end(req.socket.localAddress));

    const { body } = await fetchLimited(`http://files.example:${port}/`, ONE_ADDRESS, {
      lookup: (_name, _options, callback) =>
        callback(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '127.0.0.2', family: 4 },
        ]),
    });

    expect(body.toString()).toBe('127.0.0.2');
  });

  it('refuses a redirect from a public address to a private one', async () => {
    const asked: unknown[] = [];
    const port = await serve((req, res) => {
      asked.push(req.url);
      res.writeHead(302, { location: `http://127.0.0.1:${req.socket.localPort}/private` }).end();
    });

    const failure = fetchLimited(`http://127.0.0.2:${port}/public`, ONE_ADDRESS);

    await expect(failure).rejects.toMatchObject({ code: 'fetch_refused' });
    expect(asked).toEqual(['/public']);
  });

  it('refuses a name that was public at first and is private after a redirect', async () => {
    const port = await serve((_req, res) => res.writeHead(302, { location: '/again' }).end());
    const answers = ['127.0.0.2', '127.0.0.1'];

    const failure = fetchLimited(`http://files.example:${port}/`, ONE_ADDRESS, {
      lookup: (_name, _options, callback) =>
        callback(null, [{ address: answers.shift() ?? '127.0.0.1', family: 4 }]),
    });

    await expect(failure).rejects.toMatchObject({ code: 'fetch_refused' });
  });

  it('does not go over a connection that was kept from before', async () => {
    const port = await serve((_req, res) => res.end('secret'));
    await exchange({ url: `http://localhost:${port}/`, timeoutMs: 5000 });

    await expect(fetchLimited(`http://localhost:${port}/`, PUBLIC_ONLY)).rejects.toMatchObject({
      code: 'fetch_refused',
    });
  });

  it('says that a name is unknown as something that may pass', async () => {
    const failure = fetchLimited('http://files.example/', PUBLIC_ONLY, {
      lookup: (_name, _options, callback) =>
        callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []),
    });

    await expect(failure).rejects.toBeInstanceOf(TemporaryError);
  });
});
