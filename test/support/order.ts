// Orders to the daemon, as an admin or a script sends them by the API.
import type { TestWorld } from './world.ts';

type Answer = Awaited<ReturnType<TestWorld['http']>>;

/** Posts to `/api/v1/PATH` (`jobs/ID/cancel`, `requests`). A text is sent as it is, all else as JSON. */
export function order(
  world: Pick<TestWorld, 'http' | 'token'>,
  path: string,
  body: unknown = {},
  token = world.token,
): Promise<Answer> {
  return world.http(`/api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
