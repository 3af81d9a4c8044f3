// When which fault strikes: all of it follows from the seed, so that a run can be had again.
import { SECOND } from '../../src/core/time.ts';
import { seededRandom } from '../../src/sim/random.ts';

/** `fails`: answers 500 or 502. `mute`: takes requests and never answers. `loses`: acts, and never answers. */
const HTTP_FAULTS = ['fails', 'mute', 'cuts', 'loses', 'slow'] as const;

/** What may be struck, and how. */
const FAULTS = {
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
  /** The daemon's own database, where it is PostgreSQL. */
  store: ['restart', 'pause'],
} as const;
export type Target = keyof typeof FAULTS;
export const TARGETS = Object.keys(FAULTS) as Target[];

export interface Strike {
  target: Target;
  how: string;
  /** Since the beginning, ms. */
  at: number;
  /** How long it lasts, ms. */
  lasts: number;
}

/** One end of the daemon. They follow one another, whatever the time. */
export interface Death {
  signal: 'SIGKILL' | 'SIGTERM';
  /** It comes so long (ms) after the daemon was started, or after it said that it runs. */
  after: number;
  since: 'start' | 'running';
  /** How long it stays away, ms. */
  pause: number;
}

export interface Schedule {
  strikes: Strike[];
  deaths: Death[];
}

interface Habit {
  /** How long one lasts, ms. */
  lasts: [least: number, most: number];
  /** How long until the next, ms. */
  calm: [least: number, most: number];
}

const HABITS: Record<Target, Habit> = {
  web: { lasts: [2 * SECOND, 12 * SECOND], calm: [20 * SECOND, 70 * SECOND] },
  publisher: { lasts: [3 * SECOND, 20 * SECOND], calm: [20 * SECOND, 60 * SECOND] },
  database: { lasts: [2 * SECOND, 10 * SECOND], calm: [40 * SECOND, 100 * SECOND] },
  answers: { lasts: [3 * SECOND, 15 * SECOND], calm: [10 * SECOND, 40 * SECOND] },
  callbacks: { lasts: [5 * SECOND, 30 * SECOND], calm: [20 * SECOND, 60 * SECOND] },
  maestro: { lasts: [3 * SECOND, 20 * SECOND], calm: [8 * SECOND, 30 * SECOND] },
  kcidb: { lasts: [3 * SECOND, 20 * SECOND], calm: [8 * SECOND, 30 * SECOND] },
  disk: { lasts: [4 * SECOND, 12 * SECOND], calm: [60 * SECOND, 150 * SECOND] },
  store: { lasts: [SECOND, 10 * SECOND], calm: [6 * SECOND, 20 * SECOND] },
};

/** After how many SIGKILLs a SIGTERM comes. */
const KILLS_PER_STOP = 10;

/**
 * The faults of a run. Those of one target follow one another, those of different targets overlap as they come; they go
 * on for `spanMs`. The daemon is killed exactly `kills` times. `spared` is not struck.
 */
export function planFaults(seed: number, spanMs: number, kills: number, spared?: Target): Schedule {
  // Each has random numbers of its own: what is changed for one leaves the others as they were.
  const strikes = TARGETS.flatMap((target, i) =>
    target === spared ? [] : strikesOf(target, HABITS[target], spanMs, seededRandom(seed * 101 + i)),
  );
  const random = seededRandom(seed);
  const deaths = Array.from({ length: kills }, (_, i): Death[] => [
    deathOf('SIGKILL', random),
    ...(i % KILLS_PER_STOP === KILLS_PER_STOP - 1 ? [deathOf('SIGTERM', random)] : []),
  ]).flat();
  return { strikes: strikes.toSorted((a, b) => a.at - b.at), deaths };
}

/** Mostly at work, at times while it starts. */
function deathOf(signal: Death['signal'], random: () => number): Death {
  const since = random() < 0.15 ? 'start' : 'running';
  const after = Math.round(random() * (since === 'start' ? 800 : 7 * SECOND));
  return { signal, since, after, pause: Math.round(random() * SECOND) };
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
