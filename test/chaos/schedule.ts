// When which fault strikes: all of it follows from the seed, so that a run can be had again.
import { SECOND } from '../../src/core/time.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { LEASE_TTL } from '../../src/store/lease-contract.ts';

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

/** A signal to one of the daemons. Those to the same one follow one another, whatever the time. */
export interface Blow {
  /** Which daemon: 0 is the first. */
  daemon: number;
  /** SIGSTOP: it is paused, and then goes on as if nothing had been. */
  signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP';
  /** It comes so long (ms) after the daemon was started, or after it said that it runs. */
  after: number;
  since: 'start' | 'running';
  /** How long it stays away, ms. */
  pause: number;
}

export interface Schedule {
  strikes: Strike[];
  blows: Blow[];
}

/** What a schedule is made for. */
export interface ScheduleOptions {
  /** How long the strikes go on, ms. */
  spanMs: number;
  /** How many SIGKILLs, to all daemons together. */
  kills: number;
  daemons: number;
  /** Not struck. */
  spared?: Target;
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

/** What several daemons have on one database is another's 8 to 16 s after it was away: struck again before, none would work. */
const SHARED_STORE: Habit = { lasts: HABITS.store.lasts, calm: [20 * SECOND, 60 * SECOND] };

/** After how many SIGKILLs a SIGTERM comes, and so many a SIGSTOP. */
const KILLS_PER_STOP = 10;
/** The SIGSTOP comes in the middle between two SIGTERMs. */
const PAUSE_AT = 4;
/** How long a daemon is paused: longer than its leases (LEASE_TTL), and than the store waits for a lost answer, ms. */
const PAUSED: Habit['lasts'] = [10 * SECOND, 45 * SECOND];

/** How long a daemon lives after it said that it runs, ms. */
const LIFE: Record<'alone' | 'shared', Habit['lasts']> = {
  alone: [0, 7 * SECOND],
  /** What a dead one did may be taken LEASE_TTL later, by one that has lived as long: in shorter lives none would do it. */
  shared: [LEASE_TTL, LEASE_TTL + 30 * SECOND],
};

/** About what a life of a daemon takes, with its start, where nothing else needs the machine, ms. */
export function spanPerKill(daemons: number): number {
  return daemons === 1 ? 4.5 * SECOND : (26 * SECOND) / daemons;
}

/**
 * The faults of a run. Those of one target follow one another, those of different targets overlap as they come. The
 * daemons are killed exactly as often as wanted, each about as often as the others; several are paused as well.
 */
export function planFaults(seed: number, { spanMs, kills, daemons, spared }: ScheduleOptions): Schedule {
  // Each has random numbers of its own: what is changed for one leaves the others as they were.
  const habits = daemons === 1 ? HABITS : { ...HABITS, store: SHARED_STORE };
  const strikes = TARGETS.flatMap((target, i) =>
    target === spared ? [] : strikesOf(target, habits[target], spanMs, seededRandom(seed * 101 + i)),
  );
  return { strikes: strikes.toSorted((a, b) => a.at - b.at), blows: blowsOf(seed, kills, daemons) };
}

function blowsOf(seed: number, kills: number, daemons: number): Blow[] {
  const random = seededRandom(seed);
  /** For what only several have. */
  const several = seededRandom(seed * 103);
  const life = LIFE[daemons === 1 ? 'alone' : 'shared'];
  /** Mostly at work, at times while it starts. */
  function blow(signal: Blow['signal']): Blow {
    const since = random() < 0.15 ? 'start' : 'running';
    const after = between(since === 'start' ? [0, 800] : life, random);
    const away = Math.round(random() * SECOND);
    const pause = signal === 'SIGSTOP' ? between(PAUSED, several) : away;
    return { daemon: Math.floor(several() * daemons), signal, since, after, pause };
  }
  return Array.from({ length: kills }, (_, i): Blow[] => [
    blow('SIGKILL'),
    ...(daemons > 1 && i % KILLS_PER_STOP === PAUSE_AT ? [blow('SIGSTOP')] : []),
    ...(i % KILLS_PER_STOP === KILLS_PER_STOP - 1 ? [blow('SIGTERM')] : []),
  ]).flat();
}

function between([least, most]: [number, number], random: () => number): number {
  return Math.round(least + random() * (most - least));
}

function strikesOf(target: Target, { lasts, calm }: Habit, spanMs: number, random: () => number): Strike[] {
  const strikes: Strike[] = [];
  const ways = FAULTS[target];
  for (let at = Math.round(random() * calm[1]); at < spanMs;) {
    const strike = {
      target,
      how: ways[Math.floor(random() * ways.length)] ?? '',
      at,
      lasts: between(lasts, random),
    };
    strikes.push(strike);
    at += strike.lasts + between(calm, random);
  }
  return strikes;
}
