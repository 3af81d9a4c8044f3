import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import fastify, { type LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import { addLogs } from '../../src/http/logs.ts';
import { folderFiles } from '../../src/storage/folder.ts';
import { createLocalStore } from '../../src/storage/local.ts';
import { newFolder } from '../support/folder.ts';

const TEXT = 'a line of the log\n'.repeat(200);

async function served(): Promise<(headers?: Record<string, string>) => Promise<LightMyRequestResponse>> {
  const local = createLocalStore({
    files: folderFiles(await newFolder()),
    publicUrl: 'http://x',
  });
  await local.put('job/log.txt', Buffer.from(TEXT), 'text/plain');
  const app = fastify();
  addLogs(app, { local, remote: undefined, urlOf: (path) => path });
  return (headers = {}) => app.inject({ url: '/logs/job/log.txt', headers });
}

describe('a published log', () => {
  it('is packed as the reader takes it, and without a right to run anything', async () => {
    const get = await served();

    expect((await get()).body).toBe(TEXT);
    const gzip = await get({ 'accept-encoding': 'gzip, deflate' });
    expect(gzip.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(gunzipSync(gzip.rawPayload).toString()).toBe(TEXT);
    expect(gzip.headers['content-security-policy']).toContain('sandbox');
    const zstd = await get({ 'accept-encoding': 'gzip, br, zstd' });
    expect(zstdDecompressSync(zstd.rawPayload).toString()).toBe(TEXT);
    expect((await get({ 'accept-encoding': 'gzip;q=0' })).headers['content-encoding']).toBeUndefined();
  });

  it('is not sent again to who has it', async () => {
    const get = await served();
    const etag = String((await get()).headers.etag);
    const packed = String((await get({ 'accept-encoding': 'gzip' })).headers.etag);

    expect((await get({ 'if-none-match': `"other", ${etag}` })).statusCode).toBe(304);
    expect(packed).not.toBe(etag);
    expect((await get({ 'if-none-match': etag, 'accept-encoding': 'gzip' })).statusCode).toBe(200);
  });

  it.each([
    ['bytes=2-5', 206, TEXT.slice(2, 6)],
    ['bytes=-7', 206, TEXT.slice(-7)],
    ['bytes=3590-', 206, TEXT.slice(3590)],
    ['bytes=9999-', 416, ''],
    ['bytes=0-1,3-4', 200, TEXT],
    ['lines=1-2', 200, TEXT],
  ])('is sent in parts: %s', async (range, status, body) => {
    const get = await served();
    const answer = await get({ range });

    expect(answer.statusCode).toBe(status);
    expect(answer.body).toBe(body);
  });

  it('is sent as a whole if it is another one than the reader has begun with', async () => {
    const get = await served();

    expect((await get({ range: 'bytes=2-5', 'if-range': '"other"' })).body).toBe(TEXT);
  });
});
