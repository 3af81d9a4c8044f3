// What each daemon heard of the callbacks of labs that another does, as it lies in the database between them: so the one that does a
// lab knows of callbacks that others took or refused.
import { z } from 'zod';
import { tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { WRONG_TOKENS, type CallbackWatch } from './callback-watch.ts';

const Heard = z.object({
  acceptedAt: z.number().optional(),
  refused: z.array(z.object({ carried: z.enum(WRONG_TOKENS), at: z.number(), jobs: z.array(z.string()) })),
});
const PREFIX = 'callbacks ';

/** A state to be kept; `urgent` is the part of it that others are to know at once. */
interface HeardState {
  name: string;
  text: string;
  urgent: string;
}

/** What was heard of a lab's callbacks, to be kept; undefined: nothing. */
export function heardState(watch: Pick<CallbackWatch, 'heard'>, lab: string): HeardState | undefined {
  const heard = watch.heard(lab);
  if (heard === undefined) return undefined;
  return { name: PREFIX + lab, text: JSON.stringify(heard), urgent: JSON.stringify(heard.refused) };
}

/** Learns from a state that another daemon kept; false: it is of something else. */
export function learnHeard(watch: Pick<CallbackWatch, 'learn'>, name: string, body: string): boolean {
  if (!name.startsWith(PREFIX)) return false;
  const { data } = Heard.safeParse(tryJson(body, PARSE_LIMITS.file));
  if (data !== undefined) watch.learn(name.slice(PREFIX.length), data);
  return true;
}
