// What LAVA's REST API answers and XML-RPC does not: which own jobs have something in their metadata, and which job checked a
// device's health last.
import { z } from 'zod';
import { answerError } from '../core/http-answer.ts';
import { exchange, place } from '../core/http-exchange.ts';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';

/** Where LAVA is, and who asks. */
interface RestOptions {
  url: string;
  user?: string | undefined;
  token?: string | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

const Page = z.object({
  count: z.number(),
  results: z.array(z.object({ id: z.number(), description: z.string() })),
});

/** A job comes with its definition, twice. */
const MOST = 50;

/**
 * The user's jobs above `sinceId` whose metadata has that value, newest first. undefined if that cannot be asked (a lab may
 * keep its REST API from us) or there are too many. Throws TemporaryError where the same may succeed later.
 */
export async function jobsByMetadata(
  options: RestOptions,
  [key, value]: readonly [key: string, value: string],
  sinceId: number,
): Promise<{ id: number; description: string }[] | undefined> {
  const { user } = options;
  if (user === undefined) return undefined;
  const query = new URLSearchParams({
    [`metadata__${key}`]: value,
    submitter__username: user,
    id__gt: String(sinceId),
    ordering: '-id',
    limit: String(MOST),
  });
  const page = await ask(options, `jobs/?${query.toString()}`, Page);
  return page === undefined || page.count > page.results.length ? undefined : page.results;
}

/**
 * The job that checked the device's health last; null: none did. undefined if that cannot be asked. Throws TemporaryError
 * where the same may succeed later.
 */
export async function lastHealthJob(
  options: RestOptions,
  device: string,
): Promise<number | null | undefined> {
  return (await ask(options, `devices/${encodeURIComponent(device)}/`, Device))?.last_health_report_job;
}

const Device = z.object({ last_health_report_job: z.number().nullable() });

/** undefined if LAVA does not answer that, or with something else (a page for people, as a login page). */
async function ask<S extends z.ZodType>(
  { url, token, timeoutMs, signal }: RestOptions,
  path: string,
  schema: S,
): Promise<z.output<S> | undefined> {
  if (token === undefined) return undefined;
  const answer = await exchange({
    url: `${url}/api/v0.2/${path}`,
    headers: { authorization: `Token ${token}`, accept: 'application/json' },
    timeoutMs,
    signal,
  });
  if (answer.status !== 200) {
    const error = answerError(place(url), answer, REFUSALS, { withoutText: true });
    if (error.code === REFUSALS.busy) throw error;
    return undefined;
  }
  return schema.safeParse(tryJson(answer.body.toString('utf8'), PARSE_LIMITS.answer)).data;
}

const REFUSALS = { busy: 'lava_busy', refused: { code: 'lava_http' } } as const;
