// Uploads logs that were made ready in the blobs. Putting the same path again is harmless.
import { lookup } from 'node:dns/promises';
import { z } from 'zod';
import { PermanentError } from '../../core/errors.ts';
import { isPublicAddress } from '../../core/address.ts';
import { contentTypeOf } from '../../storage/log-store.ts';
import { NO_REPORTS, type Destination, type Finding, type Parts } from './destination.ts';

const Body = z.strictObject({ path: z.string() });

/** Logs that are kept and served here need nothing to be sent; `check` says then who can read them. */
export function openStorage({ config, logs, blobs }: Parts): Destination {
  const { remote } = logs;
  return {
    name: 'storage',
    need: 'required',
    reports: (event) =>
      event.kind !== 'judged' || remote === undefined
        ? NO_REPORTS
        : { deliveries: event.logs.uploads.map((path) => ({ kind: path, body: { path } })) },
    async send({ body }) {
      const { path } = Body.parse(body);
      if (remote === undefined)
        return { kind: 'dropped', why: 'logs are kept here now (storage.kind is local)' };
      await remote.put(path, blobs.read(`upload/${path}`), contentTypeOf(path)).catch(explain);
      await blobs.remove(`upload/${path}`);
      return { kind: 'done' };
    },
    async check() {
      if (remote === undefined) return [await localFinding(config.http.public_url)];
      await remote.checkAuth();
      return [{ state: 'ok', text: 'the token is good' }];
    },
  };
}

/** KernelCI's dashboard and KCIDB carry links alone: what others can't reach is a dead link. */
async function localFinding(publicUrl: string | undefined): Promise<Finding> {
  const kept = 'logs are kept and served here';
  const why = publicUrl === undefined ? 'http.public_url is not set' : await whyNotPublic(publicUrl);
  if (why === undefined) return { state: 'ok', text: `${kept}, at ${publicUrl}` };
  return {
    state: 'warning',
    text:
      `${kept}, but ${why}: the links to them in KCIDB and Maestro lead nowhere for everybody else; ` +
      'use storage.kind: kernelci-storage, or a public http.public_url',
  };
}

async function whyNotPublic(url: string): Promise<string | undefined> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  try {
    const addresses = (await lookup(host, { all: true })).map(({ address }) => address);
    return addresses.some(isPublicAddress)
      ? undefined
      : `${url} has no public address (${addresses.join(', ')})`;
  } catch {
    return `the name in ${url} is not found`;
  }
}

/** A token without the permission for our prefix is refused for all that we send, as one that has expired is. */
function explain(error: unknown): never {
  if (error instanceof PermanentError && error.code === 'storage_forbidden') {
    throw new PermanentError('storage_auth', error.message, { cause: error });
  }
  throw error;
}
