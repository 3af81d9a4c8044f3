// Carries faults out, each at its time, and undoes each when it is over.
import { errorText } from '../../src/core/errors.ts';
import { MINUTE, SECOND, sleep } from '../../src/core/time.ts';
import { seededRandom } from '../../src/sim/random.ts';
import type { Fault, Faults } from '../../src/sim/http-faults.ts';
import type { Fate } from './proxy.ts';
import type { Blow, Schedule, Strike, Target } from './schedule.ts';
import type { World } from './world.ts';

export interface Toll {
  /** SIGKILLs, by daemon. */
  kills: Map<number, number>;
  /** How long a daemon took to end, for each SIGTERM (ms). */
  stops: number[];
  /** How long a daemon was paused, for each SIGSTOP (ms). */
  pauses: number[];
  /** How many strikes were carried out, by target. */
  strikes: Map<Target, number>;
  /** How long they lasted together (ms), by target. */
  away: Map<Target, number>;
  /** Strikes that could not be carried out, or undone. */
  problems: string[];
}

/**
 * Runs a schedule to its end: until the span (ms) is over and the daemons have died often enough. Whatever happens, all that
 * was struck is whole again when this returns.
 */
export async function inflict(
  { strikes, blows }: Schedule,
  world: World,
  plan: { seed: number; spanMs: number },
  signal: AbortSignal,
): Promise<Toll> {
  const toll: Toll = {
    kills: new Map(),
    stops: [],
    pauses: [],
    strikes: new Map(),
    away: new Map(),
    problems: [],
  };
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const began = Date.now();
  const beCareful = beCareless(world, plan.seed);
  const striking = strikes.map(async (strike) => {
    await sleep(began + strike.at - Date.now(), either);
    if (!either.aborted) await strikeOnce(strike, world, toll, either);
  });
  const dying = [...Map.groupBy(blows, ({ daemon }) => daemon).values()].map((own) =>
    dieOften(own, world, toll, signal),
  );
  await Promise.all([sleep(plan.spanMs, signal), ...dying]);
  over.abort();
  await Promise.all(striking);
  beCareful();
  await world.lab.ctl('start', 'postgres', 'lava-publisher', 'gunicorn', 'lava-scheduler');
  return toll;
}

/** Where much else needs the machine, or its database is struck as it starts, a daemon takes long. */
const UP_WITHIN = MINUTE;

async function dieOften(
  blows: readonly Blow[],
  world: World,
  toll: Toll,
  signal: AbortSignal,
): Promise<void> {
  for (const { daemon, signal: name, since, after, pause } of blows) {
    const bridge = world.bridges[daemon];
    if (bridge === undefined) throw new Error(`there is no daemon ${daemon}`);
    if (since === 'running') await bridge.running(UP_WITHIN);
    await sleep(after, signal);
    if (signal.aborted) return;
    await world.note(`daemon ${daemon + 1} ${name}, ${after} ms after its ${since}, away for ${pause} ms`);
    switch (name) {
      case 'SIGKILL':
        await bridge.strike(name, pause);
        toll.kills.set(daemon, (toll.kills.get(daemon) ?? 0) + 1);
        break;
      case 'SIGTERM':
        toll.stops.push(await bridge.strike(name, pause));
        break;
      case 'SIGSTOP':
        await bridge.pause(pause, signal);
        toll.pauses.push(pause);
        await world.note(`daemon ${daemon + 1} goes on`);
    }
  }
}

async function strikeOnce(strike: Strike, world: World, toll: Toll, signal: AbortSignal): Promise<void> {
  const { target, how, lasts } = strike;
  const at = Date.now();
  await world.note(`${target} ${how} for ${lasts} ms`);
  try {
    const undo = await begin(strike, world);
    await sleep(lasts, signal);
    await undo();
  } catch (error) {
    toll.problems.push(`${target} ${how}: ${errorText(error)}`);
  }
  await world.note(`${target} ${how} is over`);
  toll.strikes.set(target, (toll.strikes.get(target) ?? 0) + 1);
  toll.away.set(target, (toll.away.get(target) ?? 0) + Date.now() - at);
}

/** What is never quite reliable: a quarter of the callbacks are lost, and some come late or twice. */
function beCareless({ callbacks }: World, seed: number): () => void {
  const random = seededRandom(seed * 7 + 1);
  callbacks.decide = () => {
    const drawn = random();
    if (drawn < 0.25) return { kind: 'drop' };
    if (drawn < 0.32) return { kind: 'double' };
    if (drawn < 0.4) return { kind: 'delay', ms: Math.round(random() * 4 * SECOND) };
    return drawn < 0.45 ? { kind: 'lose' } : { kind: 'pass' };
  };
  return () => {
    callbacks.decide = () => ({ kind: 'pass' });
  };
}

type Undo = () => Promise<void> | void;

/** Begins a strike; gives what ends it. */
async function begin({ target, how }: Strike, world: World): Promise<Undo> {
  const { lab, maestro, kcidb } = world;
  switch (target) {
    case 'web':
      return strikeLab(lab.ctl, 'gunicorn', how);
    case 'publisher':
      return strikeLab(lab.ctl, 'lava-publisher', how);
    case 'database': {
      const undo = await strikeLab(lab.ctl, 'postgres', how);
      return async () => {
        await undo();
        // LAVA's daemons may end with their database; an init would start them again.
        await lab.ctl('start', 'gunicorn', 'lava-scheduler', 'lava-publisher');
      };
    }
    case 'answers':
      return spoilAnswers(world, how);
    case 'callbacks':
      return loseCallbacks(world);
    case 'maestro':
      return addFaults(maestro.faults, how);
    case 'kcidb':
      if (how !== 'forgets') return addFaults(kcidb.faults, how);
      // The last submissions are gone from the spool, before the daemon has asked what became of all of them.
      for (const id of [...kcidb.submissions.keys()].slice(-10)) kcidb.mark(id, undefined);
      return () => undefined;
    case 'disk':
      return world.disk.fill();
    case 'store':
      return strikeStore(world, how);
  }
}

async function strikeLab(ctl: World['lab']['ctl'], name: string, how: string): Promise<Undo> {
  // What ended by itself meanwhile, an init would have started again.
  await ctl('start', name);
  await ctl(how, name);
  return () => ctl(how === 'pause' ? 'resume' : 'start', name);
}

/** As a power cut, after which it is up at once; or it stands still. */
async function strikeStore({ cluster }: World, how: string): Promise<Undo> {
  if (how === 'restart') {
    await cluster?.restart();
    return () => undefined;
  }
  cluster?.signal('SIGSTOP');
  return () => cluster?.signal('SIGCONT');
}

/** Every other answer of LAVA: some get through, so that stages are struck in their middle. */
function spoilAnswers({ rpc }: World, how: string): Undo {
  const fates: Record<string, Fate> = {
    fails: { kind: 'fail' },
    loses: { kind: 'lose' },
    slow: { kind: 'delay', ms: 2 * SECOND },
  };
  let turn = 0;
  rpc.decide = () => (turn++ % 2 === 0 ? (fates[how] ?? { kind: 'pass' }) : { kind: 'pass' });
  return () => {
    rpc.decide = () => ({ kind: 'pass' });
  };
}

function loseCallbacks({ callbacks }: World): Undo {
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

function addFaults(faults: Faults, how: string): Undo {
  const undo = (HTTP[how] ?? []).map((fault) => faults.add(fault));
  return () => undo.forEach((end) => end());
}
