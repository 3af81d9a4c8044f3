// Smaller runs without chaos, each with one thing that is wrong for all of its time, or with none: what it costs.
import { formatDuration, SECOND } from '../../src/core/time.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { checkEnd } from './check.ts';
import { drawKinds, KINDS, type Kind } from './kinds.ts';
import { blackHole } from './black-hole.ts';
import { callsPerJob, latencies, measure } from './measure.ts';
import {
  inWorld,
  publishAll,
  settled,
  untilUp,
  type Io,
  type Plan,
  type Report,
  type Scenario,
} from './scenario.ts';
import { muteStream } from './silence.ts';
import { counted, spread } from './table.ts';
import type { World, WorldOptions } from './world.ts';

/** Less than what a lab of two cores can take: its own queues are not what is measured. */
const PACE = SECOND;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  calm: (options, plan, io) => simple(options, plan, io),

  'no-callbacks': (options, plan, io) =>
    simple(options, plan, io, ({ callbacks }) => {
      callbacks.decide = () => ({ kind: 'drop' });
    }),

  mute: async (options, plan, io) => {
    const stream = await muteStream();
    try {
      return await simple({ ...options, lava: { events: stream.url } }, plan, io);
    } finally {
      await stream.stop();
    }
  },

  'poll-alone': async (options, plan, io) => {
    const stream = await muteStream();
    try {
      return await simple({ ...options, lava: { events: stream.url } }, plan, io, ({ callbacks }) => {
        callbacks.decide = () => ({ kind: 'drop' });
      });
    } finally {
      await stream.stop();
    }
  },

  'black-hole': blackHole,
};

/** One stretch of requests at an even pace. */
function simple(
  options: WorldOptions,
  plan: Plan,
  io: Io,
  prepare: (world: World) => void = () => undefined,
): Promise<Report> {
  return inWorld(options, plan, async (world) => {
    prepare(world);
    await untilUp(world, io.signal);
    const random = seededRandom(plan.seed);
    const kinds = everyKind(plan.requests, random);
    const stretch = await measure(world, async () => {
      await publishAll(world, kinds, PACE, random, io.signal);
      await settled(world, plan.until, io);
    });
    const end = await world.end();
    return {
      findings: checkEnd(world.requests, end),
      rows: [
        ['requests', String(world.requests.length)],
        ['LAVA jobs', String(end.lavaJobs.length)],
        ['callbacks', counted(world.callbacks.counts)],
        ['XML-RPC requests per job', callsPerJob(stretch, end.lavaJobs).toFixed(2)],
        ['XML-RPC requests', counted(stretch.calls)],
        ['Finished → accepted', spread(latencies(stretch, end.lavaJobs, world.acceptedAt))],
        ['duration', formatDuration(stretch.endedAt - stretch.startedAt)],
      ],
    };
  });
}

/** Each kind once, then as they are drawn. */
function everyKind(count: number, random: () => number): Kind[] {
  return [...KINDS, ...drawKinds(Math.max(0, count - KINDS.length), random)].slice(0, count);
}
