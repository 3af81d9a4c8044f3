// Carries strikes out, each at its time, and undoes each when it is over.
import { errorText } from '../../src/base/errors.ts';
import { MINUTE, SECOND, sleep } from '../../src/base/time.ts';
import { seededRandom } from '../../src/sim/random.ts';
import type { Fault, Faults } from '../../src/sim/http-faults.ts';
import type { Fate } from './proxy.ts';
import type { Strike, Target } from './schedule.ts';
import type { World } from './world.ts';

export interface Toll {
  /** How many strikes were carried out, by target. */
  strikes: Map<Target, number>;
  /** How long they lasted together (ms), by target. */
  away: Map<Target, number>;
  /** The longest that the daemon took to end on SIGTERM (ms). */
  longestStop: number;
  /** Strikes that could not be carried out, or undone. */
  problems: string[];
}

/** Runs a plan to its end. Whatever happens, all that was struck is whole again when this returns. */
export async function inflict(
  plan: readonly Strike[],
  world: World,
  seed: number,
  signal: AbortSignal,
): Promise<Toll> {
  const toll: Toll = { strikes: new Map(), away: new Map(), longestStop: 0, problems: [] };
  const began = Date.now();
  const stopCarelessness = beCareless(world, seed);
  await Promise.all(
    plan.map(async (strike) => {
      await sleep(began + strike.at - Date.now(), signal);
      if (signal.aborted) return;
      const { target, how, lasts } = strike;
      const at = Date.now();
      try {
        await world.note(`${target} ${how} for ${lasts} ms`);
        await carryOut(strike, world, toll, signal);
        await world.note(`${target} ${how} is over`);
      } catch (error) {
        toll.problems.push(`${target} ${how}: ${errorText(error)}`);
        await world.note(`${target} ${how}: ${errorText(error)}`);
      }
      toll.strikes.set(target, (toll.strikes.get(target) ?? 0) + 1);
      toll.away.set(target, (toll.away.get(target) ?? 0) + Date.now() - at);
    }),
  );
  stopCarelessness();
  await world.lab.ctl('start', 'postgres', 'lava-publisher', 'gunicorn', 'lava-scheduler');
  return toll;
}

/** What is never quite reliable while a plan runs: a quarter of the callbacks are lost, and some come late or twice. */
function beCareless({ callbacks }: World, seed: number): () => void {
  const random = seededRandom(seed * 7 + 1);
  const careless = (): Fate => {
    const drawn = random();
    if (drawn < 0.25) return { kind: 'drop' };
    if (drawn < 0.32) return { kind: 'double' };
    if (drawn < 0.4) return { kind: 'delay', ms: Math.round(random() * 4 * SECOND) };
    return drawn < 0.45 ? { kind: 'lose' } : { kind: 'pass' };
  };
  callbacks.decide = careless;
  return () => {
    callbacks.decide = () => ({ kind: 'pass' });
  };
}

async function carryOut(
  { target, how, lasts }: Strike,
  world: World,
  toll: Toll,
  signal: AbortSignal,
): Promise<void> {
  const { lab, bridge } = world;
  switch (target) {
    case 'daemon':
      return bridge.kill(lasts);
    case 'daemon-stop':
      toll.longestStop = Math.max(toll.longestStop, await bridge.stop(lasts));
      return;
    case 'web':
    case 'publisher':
    case 'database':
      return strikeLab(lab.ctl, DAEMONS[target], how, lasts, signal);
    case 'answers':
      return during(lasts, signal, setFate(world.rpc, how));
    case 'callbacks':
      return during(lasts, signal, loseCallbacks(world));
    case 'maestro':
      return during(lasts, signal, addFaults(world.maestro.faults, how));
    case 'kcidb':
      if (how === 'forgets') return forgetSubmissions(world);
      return during(lasts, signal, addFaults(world.kcidb.faults, how));
    case 'disk': {
      const free = await world.disk.fill();
      await sleep(lasts, signal);
      return free();
    }
  }
}

const DAEMONS = { web: 'gunicorn', publisher: 'lava-publisher', database: 'postgres' } as const;

async function strikeLab(
  ctl: World['lab']['ctl'],
  name: string,
  how: string,
  lasts: number,
  signal: AbortSignal,
): Promise<void> {
  await ctl(how, name);
  try {
    if (how !== 'restart') await sleep(lasts, signal);
  } finally {
    await ctl(how === 'pause' ? 'resume' : 'start', name);
    // LAVA's scheduler may end with its database; its init would start it again.
    if (name === 'postgres') await ctl('start', 'gunicorn', 'lava-scheduler');
  }
}

async function during(ms: number, signal: AbortSignal, undo: () => void): Promise<void> {
  await sleep(ms, signal);
  undo();
}

function setFate(proxy: World['rpc'], how: string): () => void {
  let turn = 0;
  const fates: Record<string, Fate> = {
    fails: { kind: 'fail' },
    loses: { kind: 'lose' },
    slow: { kind: 'delay', ms: 2 * SECOND },
  };
  // Every other request: some get through, so that stages are struck in their middle.
  proxy.decide = () => (turn++ % 2 === 0 ? (fates[how] ?? { kind: 'pass' }) : { kind: 'pass' });
  return () => {
    proxy.decide = () => ({ kind: 'pass' });
  };
}

function loseCallbacks({ callbacks }: World): () => void {
  const before = callbacks.decide;
  callbacks.decide = () => ({ kind: 'drop' });
  return () => {
    callbacks.decide = before;
  };
}

const HTTP: Record<string, Fault[]> = {
  fails: [
    { kind: 'status', status: 500, chance: 0.3 },
    { kind: 'status', status: 502, chance: 0.5 },
  ],
  mute: [{ kind: 'mute', chance: 0.5 }],
  cuts: [{ kind: 'cut', chance: 0.5 }],
  loses: [{ kind: 'lose', chance: 0.5 }],
  slow: [{ kind: 'slow', delayMs: 1500 }],
};

function addFaults(faults: Faults, how: string): () => void {
  const undo = (HTTP[how] ?? []).map((fault) => faults.add(fault));
  return () => undo.forEach((end) => end());
}

/** The spool of the last minute's submissions is gone, before the daemon has asked what became of all of them. */
async function forgetSubmissions({ kcidb }: World): Promise<void> {
  for (const id of [...kcidb.submissions.keys()].slice(-10)) kcidb.mark(id, undefined);
}

/** How long the chaos of a plan can last at most. */
export function spanOf(plan: readonly Strike[]): number {
  return Math.max(0, ...plan.map(({ at, lasts }) => at + lasts)) + MINUTE;
}
