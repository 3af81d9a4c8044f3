// The metadata.json of a build: where its device trees are. Many jobs test one build, so each is fetched once.
import { z } from 'zod';
import { RequestError } from '../core/errors.ts';
import { fetchLimited, type Fetched, type FetchLimits, type FetchOptions } from '../core/fetch-limited.ts';
import { place } from '../core/http-exchange.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';

/** The files of a build by their path: `dtbs/vendor/board.dtb` → URL. */
export type BuildFiles = Readonly<Record<string, string>>;

const Metadata = z.looseObject({ artifacts: z.record(z.string(), z.string()) });

export interface MetadataOptions extends FetchOptions {
  /** In place of fetchLimited. */
  fetch?: (url: string, limits: FetchLimits) => Promise<Fetched>;
  /** How many builds are kept; the oldest is dropped for a new one. */
  kept?: number;
  /** Whether a failure is kept as well: for a run that shall not wait for the same dead host again and again. */
  keepFailures?: boolean;
}

/**
 * A reader of metadata.json that asks for each URL once. It throws what fetchLimited throws, and RequestError
 * `bad_metadata` for what is no metadata of a build.
 */
export function createMetadataReader(
  limits: FetchLimits,
  {
    kept = 100,
    keepFailures = false,
    fetch = (url, within) => fetchLimited(url, within, options),
    ...options
  }: MetadataOptions = {},
): (url: string) => Promise<BuildFiles> {
  const known = new Map<string, Promise<BuildFiles>>();
  return (url) => {
    const there = known.get(url);
    if (there !== undefined) return there;
    const files = read(url, () => fetch(url, limits));
    files.catch(() => {
      if (!keepFailures) known.delete(url);
    });
    known.set(url, files);
    const [oldest] = known.keys();
    if (known.size > kept && oldest !== undefined) known.delete(oldest);
    return files;
  };
}

async function read(url: string, fetch: () => Promise<Fetched>): Promise<BuildFiles> {
  const { body } = await fetch();
  const metadata = Metadata.safeParse(tryJson(body.toString('utf8'), PARSE_LIMITS.answer));
  if (metadata.success) return metadata.data.artifacts;
  // Nothing of what was fetched is quoted.
  throw new RequestError('bad_metadata', `${place(url)} is no metadata of a build: it has no artifacts`);
}
