// What can be made to go wrong in the simulated lab, on command or by chance.
import { z } from 'zod';

const Count = z.number().int().nonnegative();
const Chance = z.number().min(0).max(1);

/** The switches. Counts are used up, chances stay. */
export const Faults = z.strictObject({
  /** How XML-RPC answers: as it should, with this HTTP status, or never. */
  rpc: z.union([z.literal('ok'), z.literal('blackhole'), z.number().int().min(400).max(599)]),
  /** Before each answer, ms. */
  rpcDelayMs: Count,
  /** That many calls are done, but their answers are lost: the connection is cut instead. */
  loseAnswers: Count,
  /** Only calls of this method lose their answers. */
  loseAnswersOf: z.string(),
  /** Of the calls, that part gets HTTP 502 before anything is done. */
  rpcErrorChance: Chance,
  /** Of the calls, that part loses its answer. */
  rpcLossChance: Chance,
  callbacks: z.enum(['send', 'drop', 'double']),
  callbackDropChance: Chance,
  /**
   * `mute`: connected, but nothing comes. `dead`: not even pongs. `refuse`: nobody gets in. `double`: each comes twice.
   */
  events: z.enum(['send', 'mute', 'dead', 'refuse', 'double']),
  /** Events come that much late, ms. */
  eventDelayMs: Count,
});
export type Faults = z.infer<typeof Faults>;

/** All goes as it should. */
export function noFaults(): Faults {
  return {
    rpc: 'ok',
    rpcDelayMs: 0,
    loseAnswers: 0,
    loseAnswersOf: 'scheduler.jobs.submit',
    rpcErrorChance: 0,
    rpcLossChance: 0,
    callbacks: 'send',
    callbackDropChance: 0,
    events: 'send',
    eventDelayMs: 0,
  };
}

/** Whether chance strikes. */
export type Dice = (chance: number) => boolean;

/** Dice that fall alike for the same seed (mulberry32). */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  return (chance) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 < chance;
  };
}
