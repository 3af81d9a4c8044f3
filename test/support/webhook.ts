// A webhook on loopback that keeps what is posted to it.
import type { z } from 'zod';
import { listen } from './listen.ts';

/** Its address, and what came: all of it has this shape. */
export async function startWebhook<T>(shape: z.ZodType<T>): Promise<{ url: string; posted: T[] }> {
  const posted: T[] = [];
  const url = await listen((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      posted.push(shape.parse(JSON.parse(body)));
      response.end();
    });
  });
  return { url, posted };
}
