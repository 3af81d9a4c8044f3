// Uploads logs that were made ready in the blobs. Putting the same path again is harmless.
import { z } from 'zod';
import { contentTypeOf, type LogStore } from '../storage/log-store.ts';
import type { Blobs } from '../store/index.ts';
import type { Handler } from './outbox.ts';

const Body = z.strictObject({ path: z.string() });

export function createStorageHandler(storage: LogStore, blobs: Blobs): Handler {
  return async (delivery) => {
    const { path } = Body.parse(JSON.parse(delivery.body));
    await storage.put(path, blobs.read(`upload/${path}`), contentTypeOf(path));
    await blobs.remove(`upload/${path}`);
    return { kind: 'done' };
  };
}
