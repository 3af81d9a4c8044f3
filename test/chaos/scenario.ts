// What every run of this folder is: it gets a world's settings and a plan, and gives figures and findings.
import { SECOND, sleep } from '../../src/core/time.ts';
import type { Finding } from './check.ts';
import type { Kind } from './kinds.ts';
import type { Row } from './table.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

export interface Plan {
  seed: number;
  requests: number;
  kills: number;
  /** When it must be over (ms since the epoch). */
  until: number;
  /** Leave the daemon's files there. */
  keep: boolean;
}

export interface Report {
  rows: Row[];
  findings: Finding[];
}

/** How a run talks to whoever started it. */
export interface Io {
  say: (text: string) => void;
  /** Whoever started it does not want it any more. */
  signal: AbortSignal;
}

export type Scenario = (options: WorldOptions, plan: Plan, io: Io) => Promise<Report>;

/** Runs something in a world of its own. What the daemon stored is kept if it did not come out right. */
export async function inWorld(
  options: WorldOptions,
  plan: Plan,
  run: (world: World) => Promise<Report>,
): Promise<Report> {
  const world = await startWorld(options);
  let isGood = false;
  try {
    const report = await run(world);
    isGood = report.findings.length === 0;
    return report;
  } finally {
    await world.close(plan.keep || !isGood);
  }
}

/** Publishes one request after the other; each board plays for up to four seconds. */
export async function publishAll(
  world: World,
  kinds: readonly Kind[],
  paceMs: number,
  random: () => number,
  signal: AbortSignal,
): Promise<void> {
  for (const kind of kinds) {
    if (signal.aborted) return;
    world.publish(kind, Math.round(random() * 40) / 10);
    await sleep(paceMs, signal);
  }
}

/** Waits until the daemon answers and has looked around. */
export async function untilUp(world: World, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await world.open()) === undefined) await sleep(200, signal);
  await sleep(2 * SECOND, signal);
}

const TELL_EVERY = 20 * SECOND;

/**
 * Waits until every request has come out and the daemon has nothing left to do. False if the time (ms since the epoch) is
 * over before.
 */
export async function settled(world: World, until: number, { say, signal }: Io): Promise<boolean> {
  let toldAt = Date.now();
  while (Date.now() < until && !signal.aborted) {
    await world.takeUpSetAside();
    const done = world.done();
    if (done === world.requests.length && (await world.open()) === 0) return true;
    if (Date.now() - toldAt > TELL_EVERY) {
      toldAt = Date.now();
      say(`${done} of ${world.requests.length} are through`);
    }
    await sleep(SECOND, signal);
  }
  say(`the time is over: ${world.done()} of ${world.requests.length} are through; more --minutes`);
  return false;
}
