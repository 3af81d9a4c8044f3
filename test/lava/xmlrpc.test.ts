import type { RequestListener } from 'node:http';
import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAnswer, decodeCall, encodeCall } from '../../src/lava/xmlrpc-codec.ts';
import { createXmlRpcClient, XmlRpcFault } from '../../src/lava/xmlrpc.ts';
import { encodeFault, encodeResult, RpcFault } from '../../src/sim/lava/xmlrpc-answer.ts';
import { listen } from '../support/listen.ts';

async function serve(listener: RequestListener): Promise<string> {
  return `${await listen(listener)}/RPC2`;
}

function client(url: string, more: { timeoutMs?: number; maxBytes?: number } = {}) {
  return createXmlRpcClient({ url, user: 'bridge', token: 'secret-token', timeoutMs: 5000, ...more });
}

function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`../fixtures/lava/xmlrpc/${name}.response.xml`, import.meta.url));
}

const xml = (body: string): Buffer =>
  Buffer.from(`<?xml version='1.0'?><methodResponse>${body}</methodResponse>`);
const value = (inner: string): Buffer => xml(`<params><param><value>${inner}</value></param></params>`);

describe('reading answers', () => {
  it('reads what LAVA says of a job, with the times as LAVA wrote them', async () => {
    const answer = await decodeAnswer(await fixture('show.finished-complete'));

    expect(answer).toEqual({
      value: expect.objectContaining({
        id: 2,
        state: 'Finished',
        pipeline: true,
        start_time: '20261121T16:59:07',
        tags: [],
        failure_comment: null,
      }),
    });
  });

  it('reads a fault with code and text', async () => {
    expect(await decodeAnswer(await fixture('show.unknown'))).toEqual({
      fault: { faultCode: 404, faultString: "Job '999999' was not found." },
    });
  });

  it('reads binaries', async () => {
    const answer = await decodeAnswer(await fixture('logs.submitted'));

    expect(answer).toEqual({ value: [false, Buffer.from('[]')] });
  });

  it('leaves out the control characters that LAVA passes on from consoles', async () => {
    expect(await decodeAnswer(value('<string>a\x1b[31mb\x00\x07c</string>'))).toEqual({ value: 'a[31mbc' });
  });

  it('puts a letter together that lies on the border of two pieces', async () => {
    const long = `${'x'.repeat(65_500)}${'é😀'.repeat(200)}`;

    expect(await decodeAnswer(value(`<string>${long}</string>`))).toEqual({ value: long });
  });

  it('keeps a struct from bringing a prototype', async () => {
    const member =
      '<member><name>__proto__</name><value><struct><member><name>admin</name>' +
      '<value><boolean>1</boolean></value></member></struct></value></member>';
    const answer = await decodeAnswer(value(`<struct>${member}</struct>`));

    expect(Object.getPrototypeOf('value' in answer ? answer.value : {})).toBeNull();
  });

  it.each([
    ['text', Buffer.from('Invalid token')],
    ['nothing', Buffer.from('')],
    ['a cut document', value('<string>abc</string>').subarray(0, 90)],
    ['an integer with letters', value('<int>12abc</int>')],
    ['a word for a boolean', value('<boolean>true</boolean>')],
    ['a call', Buffer.from(encodeCall('system.version', []))],
    ['nesting without end', value('<array><data><value>'.repeat(20_000))],
    [
      'too deep nesting',
      value(`${'<array><data><value>'.repeat(100)}x${'</value></data></array>'.repeat(100)}`),
    ],
  ])('refuses %s', async (_what, body) => {
    await expect(decodeAnswer(body)).rejects.toThrow();
  });

  it('takes no document type, and so no entities', async () => {
    const doc = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><methodResponse><params><param><value><string>&e;</string></value></param></params></methodResponse>`;

    await expect(decodeAnswer(Buffer.from(doc))).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('writing calls', () => {
  it('carries every value that XML-RPC has', async () => {
    const scalar = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.stringMatching(/^[\t\n -~\u00a0-\ud7ff]*$/),
    );
    const { param } = fc.letrec((tie) => ({
      param: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie('param'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie('param'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(param, { maxLength: 3 }), async (params) => {
        const call = await decodeCall(Buffer.from(encodeCall('a.method', params as string[])));
        expect(call).toEqual({ method: 'a.method', params });
      }),
    );
  });

  it('carries markup, CDATA ends and line ends as they are', async () => {
    const text = 'a <b> & ]]> "c"\n  d: \'e\'\n';

    expect(await decodeCall(Buffer.from(encodeCall('m', [text])))).toEqual({ method: 'm', params: [text] });
  });

  it.each<[string, unknown]>([
    ['a console character', 'a\x1b[0m'],
    ['half of a pair', '\ud800'],
    ['a number above 32 bits', 2 ** 31],
    ['no number', Number.NaN],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['nothing', undefined],
    ['a deep console character', [{ a: ['\x00'] }]],
  ])('refuses %s before anything is sent', async (_what, param) => {
    const failure = client('http://127.0.0.1:1/RPC2').call('m', [param as string]);

    await expect(failure).rejects.toMatchObject({ name: 'RequestError', code: 'unsendable' });
  });
});

describe('calling', () => {
  const ok: RequestListener = (req, res) => {
    req
      .resume()
      .on('end', () => res.writeHead(200, { 'content-type': 'application/xml' }).end(encodeResult('ok')));
  };

  it('sends the credentials in the header alone', async () => {
    let seen: unknown;
    const url = await serve((req, res) => {
      seen = [req.method, req.url, req.headers.authorization, req.headers['content-type']];
      ok(req, res);
    });

    await client(url).call('system.version');

    const basic = `Basic ${Buffer.from('bridge:secret-token').toString('base64')}`;
    expect(seen).toEqual(['POST', '/RPC2', basic, 'text/xml']);
  });

  it('has two requests in flight, and never more', async () => {
    const held: (() => void)[] = [];
    let most = 0;
    const url = await serve((req, res) => {
      held.push(() => ok(req, res));
      most = Math.max(most, held.length);
      if (held.length === 2) setImmediate(() => held.splice(0).forEach((answer) => answer()));
    });
    const { call } = client(url);

    await Promise.all(Array.from({ length: 12 }, () => call('m')));

    expect(most).toBe(2);
  });

  it('keeps its connections', async () => {
    const sockets = new Set<unknown>();
    const url = await serve((req, res) => {
      sockets.add(req.socket);
      ok(req, res);
    });
    const { call } = client(url);

    for (let i = 0; i < 6; i++) await call('m');

    expect(sockets.size).toBe(1);
  });

  it.each<[number, Record<string, string>, string, string]>([
    [401, {}, 'PermanentError', 'lava_auth'],
    [302, { location: '/api/help/' }, 'PermanentError', 'lava_redirect'],
    [404, {}, 'PermanentError', 'lava_http'],
    [502, {}, 'TemporaryError', 'lava_busy'],
    [200, { 'content-type': 'text/html' }, 'TemporaryError', 'lava_answer'],
    [200, { 'content-type': 'text/xml' }, 'TemporaryError', 'lava_answer'],
  ])('explains HTTP %i %o', async (status, headers, name, code) => {
    const url = await serve((_req, res) => res.writeHead(status, headers).end('<h1>hello</h1>'));

    const failure = client(url).call('m');

    await expect(failure).rejects.toMatchObject({ name, code });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('secret-token') });
  });

  it.each<[string, string]>([
    ['tags that are none of XML-RPC', '<a>'.repeat(2_000_000)],
    ['values', `<methodResponse><params><param>${'<value>'.repeat(2_000_000)}`],
    ['lists', `<methodResponse><params><param>${'<value><array><data>'.repeat(500_000)}`],
    ['too many tags', `<methodResponse><params><param>${'<value/>'.repeat(1_100_000)}`],
  ])('gives up on XML that is built to be costly: %s', async (_what, xml) => {
    const url = await serve((_req, res) => res.writeHead(200, { 'content-type': 'text/xml' }).end(xml));

    await expect(client(url).call('m')).rejects.toMatchObject({
      code: 'lava_answer',
      cause: expect.objectContaining({ code: expect.stringMatching(/^too_(?:deep|complex)$/) }),
    });
  });

  it('keeps no more of the words of a fault than a message can have', async () => {
    const long = `boom\n${'x'.repeat(1_000_000)}`;
    const url = await serve((_req, res) =>
      res.writeHead(200, { 'content-type': 'text/xml' }).end(encodeFault(new RpcFault(400, long))),
    );

    const failure = client(url).call('m');

    await expect(failure).rejects.toMatchObject({
      faultCode: 400,
      faultString: expect.stringMatching(/^boom x+…$/),
    });
    await expect(failure).rejects.toSatisfy((error: Error) => error.message.length < 3000);
  });

  it('waits no longer than LAVA asked for', async () => {
    const url = await serve((_req, res) => res.writeHead(503, { 'retry-after': '7' }).end());

    await expect(client(url).call('m')).rejects.toMatchObject({ retryAfterMs: 7000 });
  });

  it('throws a fault as XmlRpcFault', async () => {
    const body = await fixture('submit.bad-context');
    const url = await serve((_req, res) =>
      res.writeHead(200, { 'content-type': 'application/xml' }).end(body),
    );

    const failure = client(url).call('scheduler.jobs.submit', ['x']);

    await expect(failure).rejects.toBeInstanceOf(XmlRpcFault);
    await expect(failure).rejects.toMatchObject({
      faultCode: 400,
      faultString:
        "Problem with submitted job data: extra keys not allowed @ data['context']['no_such_variable']",
    });
  });

  it('gives up on a peer that answers nothing, and on one that answers too much', async () => {
    const mute = await serve(() => {});
    const loud = await serve((_req, res) =>
      res.writeHead(200, { 'content-type': 'application/xml' }).end(encodeResult('x'.repeat(10_000))),
    );

    await expect(client(mute, { timeoutMs: 100 }).call('m')).rejects.toMatchObject({ code: 'unreachable' });
    await expect(client(loud, { maxBytes: 1000 }).call('m')).rejects.toMatchObject({
      code: 'answer_too_large',
    });
  });

  it('gives each call of a multicall its own value or fault', async () => {
    const items = [['2023.01'], { faultCode: 404, faultString: 'no such job' }];
    const url = await serve((req, res) => {
      req
        .resume()
        .on('end', () => res.writeHead(200, { 'content-type': 'text/xml' }).end(encodeResult(items)));
    });
    const calls = [
      { method: 'system.version', params: [] },
      { method: 'scheduler.jobs.show', params: [1] },
    ];

    const [first, second] = await client(url).multicall(calls);

    expect(first).toEqual({ value: '2023.01' });
    expect(second).toMatchObject({ fault: { faultCode: 404, faultString: 'no such job' } });
    await expect(client(url).multicall(calls.slice(1))).rejects.toMatchObject({ code: 'lava_answer' });
  });
});
