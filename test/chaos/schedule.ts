// When which fault strikes: all of it follows from the seed, so that a run can be had again.
import { SECOND } from '../../src/base/time.ts';
import { seededRandom } from '../../src/sim/random.ts';

/** `fails`: answers 500 or 502. `mute`: takes requests and never answers. `loses`: acts, and never answers. */
export const HTTP_FAULTS = ['fails', 'mute', 'cuts', 'loses', 'slow'] as const;

/** What may be struck, and how. */
export const FAULTS = {
  /** SIGKILL, and started again. */
  daemon: ['kill'],
  /** SIGTERM, and started again. */
  'daemon-stop': ['stop'],
  web: ['stop', 'pause', 'kill', 'restart'],
  publisher: ['stop', 'pause', 'kill', 'restart'],
  database: ['stop', 'pause', 'kill'],
  /** What LAVA answers to the daemon. */
  answers: ['fails', 'loses', 'slow'],
  /** All of LAVA's callbacks are lost; outside of this only some are. */
  callbacks: ['lost'],
  maestro: HTTP_FAULTS,
  kcidb: [...HTTP_FAULTS, 'forgets'],
  disk: ['full'],
} as const;
export type Target = keyof typeof FAULTS;
export const TARGETS = Object.keys(FAULTS) as Target[];

export interface Strike {
  target: Target;
  how: string;
  /** Since the beginning, ms. */
  at: number;
  /** How long it lasts, ms; for the daemon: how long it is away. */
  lasts: number;
}

interface Habit {
  /** How long one lasts, ms. */
  lasts: [least: number, most: number];
  /** How long until the next, ms. */
  calm: [least: number, most: number];
}

const HABITS: Record<Exclude<Target, 'daemon'>, Habit> = {
  'daemon-stop': { lasts: [0, SECOND], calm: [30 * SECOND, 60 * SECOND] },
  web: { lasts: [2 * SECOND, 12 * SECOND], calm: [20 * SECOND, 70 * SECOND] },
  publisher: { lasts: [3 * SECOND, 20 * SECOND], calm: [20 * SECOND, 60 * SECOND] },
  database: { lasts: [2 * SECOND, 10 * SECOND], calm: [40 * SECOND, 100 * SECOND] },
  answers: { lasts: [3 * SECOND, 15 * SECOND], calm: [10 * SECOND, 40 * SECOND] },
  callbacks: { lasts: [5 * SECOND, 30 * SECOND], calm: [20 * SECOND, 60 * SECOND] },
  maestro: { lasts: [3 * SECOND, 20 * SECOND], calm: [8 * SECOND, 30 * SECOND] },
  kcidb: { lasts: [3 * SECOND, 20 * SECOND], calm: [8 * SECOND, 30 * SECOND] },
  disk: { lasts: [4 * SECOND, 12 * SECOND], calm: [60 * SECOND, 150 * SECOND] },
};

/**
 * The strikes of a run, in their order. Faults of one target follow one another, those of different targets overlap as
 * they come. The daemon is killed exactly `kills` times.
 */
export function planStrikes(seed: number, spanMs: number, kills: number): Strike[] {
  const strikes: Strike[] = [];
  const killing = seededRandom(seed);
  for (let i = 0; i < kills; i++) {
    const at = Math.round(killing() * spanMs);
    strikes.push({ target: 'daemon', how: 'kill', at, lasts: Math.round(killing() * SECOND) });
  }
  for (const [i, target] of TARGETS.entries()) {
    if (target === 'daemon') continue;
    // Each target has random numbers of its own: what is changed for one leaves the others as they were.
    const random = seededRandom(seed * 101 + i);
    strikes.push(...strikesOf(target, HABITS[target], spanMs, random));
  }
  return strikes.toSorted((a, b) => a.at - b.at);
}

function strikesOf(target: Target, { lasts, calm }: Habit, spanMs: number, random: () => number): Strike[] {
  const between = ([least, most]: [number, number]): number => Math.round(least + random() * (most - least));
  const strikes: Strike[] = [];
  const ways = FAULTS[target];
  for (let at = Math.round(random() * calm[1]); at < spanMs;) {
    const strike = { target, how: ways[Math.floor(random() * ways.length)] ?? '', at, lasts: between(lasts) };
    strikes.push(strike);
    at += strike.lasts + between(calm);
  }
  return strikes;
}
