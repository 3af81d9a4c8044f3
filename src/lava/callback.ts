// The body that LAVA posts to a notify callback, of 2023.01 and of 2026.07, with any dataset
// (lava_scheduler_app/models.py, create_callback_data).
import { z } from 'zod';
import { PermanentError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { parseTime } from '../core/time.ts';
import { LAVA_HEALTHS, LAVA_STATES, type LavaJob } from './model.ts';
import { parseResults } from './results.ts';

const text = z.string().nullish();

// `token` is not named here, so it goes no further: on LAVA 2023.01 it is a live API credential.
const Payload = z.object({
  id: z.union([z.int().nonnegative(), z.string().regex(/^\d{1,15}$/).transform(Number)]), // prettier-ignore
  state: z.int().nullish(),
  state_string: text,
  health: z.int().nullish(),
  health_string: text,
  submit_time: text,
  start_time: text,
  end_time: text,
  failure_comment: text,
  description: text,
  actual_device_id: text,
  definition: text,
  log: text,
  results: z.record(z.string(), z.string()).nullish(),
});

/** A callback's body, parsed. */
export interface LavaCallback {
  job: LavaJob;
  /** Whether the payload had results at all (dataset `results` or `all`); an empty set of them counts. */
  hasResults: boolean;
  /** The whole log, LAVA's YAML; undefined without dataset `logs` or `all`, or if LAVA has none. */
  log: string | undefined;
}

/**
 * Reads a callback's body, JSON already parsed. Throws PermanentError `bad_callback` (not LAVA's, or sent urlencoded)
 * or `bad_results`. The token in it is dropped.
 */
export function parseCallback(body: unknown): LavaCallback {
  const parsed = Payload.safeParse(body);
  if (!parsed.success) {
    const { field, text } = firstIssue(parsed.error);
    throw new PermanentError('bad_callback', `not the body of a LAVA callback: ${text}`, { field });
  }
  const { data } = parsed;
  const state = oneOf(LAVA_STATES, data.state_string, data.state);
  const health = oneOf(LAVA_HEALTHS, data.health_string, data.health);
  if (state === undefined || health === undefined) {
    const field = state === undefined ? 'state_string' : 'health_string';
    throw new PermanentError('bad_callback', `not the body of a LAVA callback: ${field} is none of LAVA's`, {
      field,
    });
  }
  return {
    job: {
      id: data.id,
      state,
      health,
      device: data.actual_device_id || undefined,
      submittedAt: parseTime(data.submit_time),
      startedAt: parseTime(data.start_time),
      finishedAt: parseTime(data.end_time),
      description: data.description ?? undefined,
      failureComment: data.failure_comment || undefined,
      definition: data.definition || undefined,
      cases: parseResults(data.results ?? {}),
    },
    hasResults: data.results !== null && data.results !== undefined,
    log: data.log ?? undefined,
  };
}

/** LAVA's word, or else the word of its number. */
function oneOf<T extends string>(
  words: readonly T[],
  word: string | null | undefined,
  number: number | null | undefined,
): T | undefined {
  return words.find((w) => w === word) ?? (typeof number === 'number' ? words[number] : undefined);
}
