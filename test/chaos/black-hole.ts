// Two labs, one of which is swallowed by the network in the middle of its work: nothing that is sent there is refused, or
// answered. The other's latency is measured before and meanwhile; then the lab comes back.
import { formatDuration, SECOND, sleep } from '../../src/core/time.ts';
import { seededRandom } from '../../src/sim/random.ts';
import { checkEnd } from './check.ts';
import { KINDS, type Kind } from './kinds.ts';
import { latencies, measure, type Stretch } from './measure.ts';
import { startProxy, type Proxy } from './proxy.ts';
import { inWorld, settled, untilUp, type Io, type Plan, type Report } from './scenario.ts';
import { silentPort } from './silence.ts';
import { spread } from './table.ts';
import type { World, WorldOptions } from './world.ts';

const HOLE = 'lava-hole';
const PACE = SECOND;

export async function blackHole(options: WorldOptions, plan: Plan, io: Io): Promise<Report> {
  const { lab } = options;
  // The same LAVA under another name, by a way of its own that can be swallowed.
  const way = await startProxy(lab.url);
  const silent = await silentPort();
  const labs: WorldOptions['labs'] = (callbackUrl) => [
    {
      name: HOLE,
      origin: 'hole',
      lava: { url: way.url, user: lab.user, token: lab.token, events: silent.url, timeout: '20s' },
      callback: { token_name: lab.callback.name, token: lab.callback.token, url: callbackUrl },
    },
  ];
  try {
    return await inWorld({ ...options, labs }, plan, (world) => run(world, way, plan, io));
  } finally {
    await way.stop();
    await silent.stop();
  }
}

async function run(world: World, way: Proxy, plan: Plan, io: Io): Promise<Report> {
  const [kind] = KINDS;
  if (kind === undefined) throw new Error('unreachable: there are kinds');
  await untilUp(world, io.signal);
  const before = await measure(world, async () => {
    await publishBoth(world, kind, plan, io.signal);
    await settled(world, plan.until, io);
  });
  const meanwhile = await measure(world, async () => {
    // Some jobs are on their way when it happens.
    for (let i = 0; i < 5; i++) world.publish(kind, 3, HOLE);
    await sleep(6 * SECOND, io.signal);
    way.decide = () => ({ kind: 'mute' });
    world.callbacks.decide = (url) => ({ kind: url.includes(`/${HOLE}/`) ? 'drop' : 'pass' });
    await publishBoth(world, kind, plan, io.signal);
    await sleep(10 * SECOND, io.signal);
  });
  const swallowed = way.counts.get('mute') ?? 0;
  const stillOpen = world.requests.length - world.done();
  way.decide = () => ({ kind: 'pass' });
  world.callbacks.decide = () => ({ kind: 'pass' });
  const back = Date.now();
  await settled(world, plan.until, io);

  const end = await world.end();
  const times = (stretch: Stretch): string =>
    spread(latencies(ofWellLab(world, stretch), end.lavaJobs, world.acceptedAt));
  return {
    findings: checkEnd(world.requests, end),
    rows: [
      ['requests', String(world.requests.length)],
      ['swallowed', `${swallowed} XML-RPC requests, ${world.callbacks.counts.get('drop') ?? 0} callbacks`],
      ['the other lab, before', times(before)],
      ['the other lab, meanwhile', times(meanwhile)],
      [
        'jobs of the swallowed lab',
        `${stillOpen} waited; through ${formatDuration(Date.now() - back)} after it was back`,
      ],
    ],
  };
}

/** Two requests of the lab that is well for each one of the other. */
async function publishBoth(world: World, kind: Kind, plan: Plan, signal: AbortSignal): Promise<void> {
  const random = seededRandom(plan.seed);
  for (let i = 0; i < plan.requests / 2; i++) {
    if (signal.aborted) return;
    world.publish(kind, Math.round(random() * 40) / 10);
    if (i % 2 === 0) world.publish(kind, 2, HOLE);
    await sleep(PACE, signal);
  }
}

function ofWellLab(world: World, stretch: Stretch): Stretch {
  const runtimeOf = (id: string): unknown => world.maestro.database.get(id)?.data?.['runtime'];
  return { ...stretch, requests: stretch.requests.filter(({ nodeId }) => runtimeOf(nodeId) !== HOLE) };
}
