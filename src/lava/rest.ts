// What LAVA's REST API answers and XML-RPC does not: which own jobs have something in their metadata.
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import { answerError } from '../core/http-answer.ts';
import { exchange, place } from '../core/http-exchange.ts';
import { parseJson } from '../core/parse/json.ts';
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
  { url, user, token, timeoutMs, signal }: RestOptions,
  [key, value]: readonly [key: string, value: string],
  sinceId: number,
): Promise<{ id: number; description: string }[] | undefined> {
  if (user === undefined || token === undefined) return undefined;
  const query = new URLSearchParams({
    [`metadata__${key}`]: value,
    submitter__username: user,
    id__gt: String(sinceId),
    ordering: '-id',
    limit: String(MOST),
  });
  const answer = await exchange({
    url: `${url}/api/v0.2/jobs/?${query.toString()}`,
    headers: { authorization: `Token ${token}`, accept: 'application/json' },
    timeoutMs,
    signal,
  });
  if (answer.status !== 200) {
    const error = answerError(place(url), answer, REFUSALS, { withoutText: true });
    if (error.code === REFUSALS.busy) throw error;
    return undefined;
  }
  try {
    const { count, results } = Page.parse(parseJson(answer.body.toString('utf8'), PARSE_LIMITS.answer));
    return count > results.length ? undefined : results;
  } catch (error) {
    // A page for people, as a login page.
    if (error instanceof z.ZodError || error instanceof BridgeError) return undefined;
    throw error;
  }
}

const REFUSALS = { busy: 'lava_busy', refused: { code: 'lava_http' } } as const;
