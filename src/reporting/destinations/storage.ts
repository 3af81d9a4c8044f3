// Uploads logs that were made ready in the blobs. Putting the same path again is harmless.
import { z } from 'zod';
import { PermanentError } from '../../core/errors.ts';
import { contentTypeOf, type LogStore } from '../../storage/log-store.ts';
import type { Blobs } from '../../store/index.ts';
import type { Handler } from '../../engine/outbox.ts';

const Body = z.strictObject({ path: z.string() });

export function createStorageHandler(storage: LogStore, blobs: Blobs): Handler {
  return async (delivery) => {
    const { path } = Body.parse(JSON.parse(delivery.body));
    await storage.put(path, blobs.read(`upload/${path}`), contentTypeOf(path)).catch(explain);
    await blobs.remove(`upload/${path}`);
    return { kind: 'done' };
  };
}

/** A token without the permission for our prefix is refused for all that we send, as one that has expired is. */
function explain(error: unknown): never {
  if (error instanceof PermanentError && error.code === 'storage_forbidden') {
    throw new PermanentError('storage_auth', error.message, { cause: error });
  }
  throw error;
}
