// What can be made to go wrong with LAVA itself, on command. Faults of any HTTP server are in ../http-faults.ts.
import { z } from 'zod';

export const Switches = z.strictObject({
  callbacks: z.enum(['send', 'drop', 'double']),
  /** LAVA's CALLBACK_ALLOWED_HOSTS (2026.02): callbacks to other hosts are dropped without a word. Empty: all are allowed. */
  callbackAllowedHosts: z.array(z.string()),
  /** Of the callbacks, that part is dropped, 0 to 1. */
  callbackDropChance: z.number().min(0).max(1),
  /**
   * `mute`: connected, but nothing comes. `dead`: not even pongs. `refuse`: no connection is accepted. `double`: each comes twice.
   */
  events: z.enum(['send', 'mute', 'dead', 'refuse', 'double']),
  /** Events come that much late, ms. */
  eventDelayMs: z.number().int().nonnegative(),
  /** That many calls of `loseAnswersOf` are done, but their answers are lost: the connection is cut instead. */
  loseAnswers: z.number().int().nonnegative(),
  loseAnswersOf: z.string(),
});
export type Switches = z.infer<typeof Switches>;

/** All goes as it should. */
export function noSwitches(): Switches {
  return {
    callbacks: 'send',
    callbackAllowedHosts: [],
    callbackDropChance: 0,
    events: 'send',
    eventDelayMs: 0,
    loseAnswers: 0,
    loseAnswersOf: 'scheduler.jobs.submit',
  };
}
