// Answers that take long, a followed log or a large download: they are cut off when whoever reads them may no longer read, as
// after a reload that took their token away, or when their session ended.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { SECOND } from '../core/time.ts';

/** The longest that an answer goes on for somebody who may no longer read it (ms). */
const LOOK_EVERY = 5 * SECOND;

/** Gives what is to be called for each answer to somebody with these headers, who may read it now. */
export function watchAnswers(
  mayRead: (headers: IncomingHttpHeaders) => boolean,
): (headers: IncomingHttpHeaders, answer: ServerResponse) => void {
  const open = new Map<ServerResponse, IncomingHttpHeaders>();
  let looking: NodeJS.Timeout | undefined;

  function look(): void {
    for (const [answer, headers] of open) if (!mayRead(headers)) answer.destroy();
  }

  return (headers, answer) => {
    if (answer.closed) return;
    open.set(answer, headers);
    looking ??= setInterval(look, LOOK_EVERY).unref();
    answer.once('close', () => {
      open.delete(answer);
      if (open.size > 0) return;
      clearInterval(looking);
      looking = undefined;
    });
  };
}
