// What somebody who is woken up finds, wherever they look first. promtool tries the alerts themselves (`npm run alerts`).
import { describe, expect, it } from 'vitest';
import { ALERTS } from '../../src/metrics/alerts.ts';
import { openStore } from '../../src/store/index.ts';
import { lavaBridge } from '../support/command.ts';
import { fullStore, type FullStore } from '../support/full-store.ts';
import { testWorld, until, type TestWorld } from '../support/world.ts';

/** What goes wrong, and where somebody who was woken up finds it. */
interface Fault {
  about: string;
  inflict: (world: TestWorld, disk: FullStore) => Promise<void>;
  /** A line of the journal. */
  journal: RegExp;
  command: { words: [string, ...string[]]; says: RegExp };
  /** The first page, without its tags. */
  page: RegExp;
  metric: RegExp;
  /** The rule that goes by this metric, where it holds for its time. */
  alert: string;
}

const FAULTS: Fault[] = [
  {
    about: 'the lab is away',
    inflict: async (world) => {
      world.lava.faults.add({ kind: 'cut', path: /^\/RPC2/ });
      world.publish();
    },
    journal: /the lab is away/,
    command: { words: ['labs'], says: /lava-demo +down/ },
    page: /Needs you .*lava-demo/,
    metric: /^lava_bridge_part_state\{part="lab",name="lava-demo",state="up"\} 0$/m,
    alert: 'LavaBridgeLabAway',
  },
  {
    about: 'KCIDB refuses our token',
    inflict: async (world) => {
      world.kcidb.faults.add({ kind: 'status', status: 401 });
      world.publish();
    },
    journal: /kcidb is away/,
    command: { words: ['labs'], says: /kcidb +down/ },
    page: /Needs you .*kcidb/,
    metric: /^lava_bridge_part_state\{part="destination",name="kcidb",state="up"\} 0$/m,
    alert: 'LavaBridgeDestinationAway',
  },
  {
    about: 'the disk is full',
    inflict: async (world, disk) => {
      world.publish();
      await disk.fill();
    },
    journal: /the store fails/,
    command: { words: ['labs'], says: /store +down/ },
    page: /Needs you .*[Ss]tore/,
    metric: /^lava_bridge_ready 0$/m,
    alert: 'LavaBridgeNotReady',
  },
  {
    about: 'a device dies',
    inflict: async (world) => {
      for (let n = 0; n < 4; n++) await world.ended(world.publish({ scenario: 'no-power' }));
    },
    journal: /"event":"judged".*infrastructure/,
    command: { words: ['summary', '--since', '1d'], says: /qemu-x86_64/ },
    page: /Needs you .*failed its last jobs because of the lab/,
    metric: /^lava_bridge_jobs_ended_total\{[^}]*layer="harness"[^}]*\} [4-9]/m,
    alert: 'LavaBridgeHarnessFailures',
  },
];

async function worldOnDisk(): Promise<{ world: TestWorld; disk: FullStore }> {
  let disk: FullStore | undefined;
  const world = await testWorld({
    lab: { retries: { infrastructure: 0 } },
    delays: { claimSettle: 100, kcidbFirstLook: 100, askParts: 500, notify: 200 },
    store: async (file) => {
      disk = fullStore(await openStore({ sqlite: file }));
      return disk.store;
    },
  });
  if (disk === undefined) throw new Error('the store was not made');
  return { world, disk };
}

async function pageOf(world: TestWorld): Promise<string> {
  const { text } = await world.http('/');
  return text
    .slice(text.indexOf('<main'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('at three in the morning', () => {
  it.each(FAULTS)('journal, commands, pages, metrics and alerts say so: $about', async (fault) => {
    const { world, disk } = await worldOnDisk();
    await world.ended(world.publish());
    await fault.inflict(world, disk);

    const found = (where: string, look: () => boolean | Promise<boolean>): Promise<true> =>
      until(`${where} says so`, async () => (await look()) || undefined, 60_000);
    await found('the journal', () => world.log.some((line) => fault.journal.test(line)));
    await found('the first page', async () => fault.page.test(await pageOf(world)));
    await found('a metric', async () => fault.metric.test((await world.http('/metrics')).text));
    const [command, ...args] = fault.command.words;
    const { stdout } = await lavaBridge([command, '--config', world.configFile, ...args]);
    expect(stdout).toMatch(fault.command.says);
    const rule = ALERTS.find(({ name }) => name === fault.alert);
    expect(rule?.expr).toContain(/^lava_bridge_\w+/.exec(fault.metric.source.slice(1))?.[0]);
    disk.isFull = false;
  });
});
