// Answers with a file: as a whole, packed if the reader takes that, or a part of it; or that the reader's copy is still good.
import type { Readable } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredFile } from '../storage/local.ts';

/** Smaller texts are not worth it (bytes). */
const PACK_FROM = 1024;

/** How a text is packed on its way. */
export type Packing = 'zstd' | 'gzip';

/** What of the two the reader takes, the better first: zstd finds what repeats far away, and logs repeat themselves. */
export function packingFor(accepted: string | undefined): Packing | undefined {
  const names = new Set(
    (accepted ?? '')
      .split(',')
      .filter((part) => !/;\s*q=0(?:\.0*)?\s*$/.test(part))
      .map((part) => part.split(';')[0]?.trim().toLowerCase()),
  );
  return names.has('zstd') ? 'zstd' : names.has('gzip') ? 'gzip' : undefined;
}

/** Packs a text on its way; each piece goes out when it comes in if `isLive`. */
export function packed(text: Readable, packing: Packing, isLive = false): Readable {
  const packer =
    packing === 'zstd'
      ? createZstdCompress({
          params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: 22 },
          ...(isLive ? { flush: constants.ZSTD_e_flush } : {}),
        })
      : createGzip({ level: 5, ...(isLive ? { flush: constants.Z_SYNC_FLUSH } : {}) });
  text.on('error', (error) => packer.destroy(error));
  packer.on('close', () => text.destroy());
  return text.pipe(packer);
}

/** Sends the file; headers that are set already stay. */
export async function sendFile(
  file: StoredFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { size, contentType, modifiedAt } = file;
  const { headers, method } = request;
  const tag = `${size.toString(36)}-${Math.floor(modifiedAt).toString(36)}`;
  const packing =
    isText(contentType) && size >= PACK_FROM ? packingFor(headers['accept-encoding']) : undefined;
  const part = isFor(headers['if-range'], tag) ? partOf(headers.range, size) : undefined;
  const etag = part === undefined && packing !== undefined ? `"${tag}-${packing}"` : `"${tag}"`;
  reply.headers({
    'content-type': contentType,
    'last-modified': new Date(modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
    etag,
    vary: 'accept-encoding',
  });
  if (headers['if-none-match'] !== undefined && tagsIn(headers['if-none-match']).includes(etag)) {
    await file.close();
    return reply.code(304).send();
  }
  if (part === 'none') {
    await file.close();
    return reply.code(416).header('content-range', `bytes */${size}`).send();
  }
  if (part !== undefined) {
    reply.code(206).header('content-range', `bytes ${part.start}-${part.end}/${size}`);
    reply.header('content-length', part.end - part.start + 1);
  } else if (packing === undefined) reply.header('content-length', size);
  else reply.header('content-encoding', packing);
  if (method === 'HEAD') {
    await file.close();
    return reply.send(null);
  }
  const bytes = file.read(part);
  return reply.send(part === undefined && packing !== undefined ? packed(bytes, packing) : bytes);
}

function isText(contentType: string): boolean {
  return /^text\/|json/.test(contentType);
}

function tagsIn(header: string): string[] {
  return header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
}

/** A part is of use only if the file is still the one that the reader has the rest of. */
function isFor(ifRange: string | string[] | undefined, tag: string): boolean {
  return ifRange === undefined || ifRange === `"${tag}"`;
}

/** One part; of several, and of what is no range, the whole is sent. */
function partOf(
  range: string | undefined,
  size: number,
): { start: number; end: number } | 'none' | undefined {
  const [all, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '') ?? [];
  if (all === undefined || (from === '' && to === '')) return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  return start >= size || (from === '' && Number(to) === 0) ? 'none' : { start, end };
}
