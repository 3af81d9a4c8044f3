// What the admin sees of a job: by the API, and by the command that prints it.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MINUTE } from '../../src/core/time.ts';
import { JobDetail } from '../../src/http/shapes.ts';
import { lavaBridge } from '../support/command.ts';
import { ARM64, LAB, testWorld, X86, type TestWorld } from '../support/world.ts';

const Boards = z.object({ boards: z.array(z.looseObject({ board: z.string() })) });

/** What `jobs show` prints: for a person, or for a program. */
async function show(world: TestWorld, nodeId: string, ...more: '--json'[]): Promise<string> {
  const args = ['jobs', 'show', nodeId, '--config', world.configFile];
  const { code, stdout, stderr } = await lavaBridge([...args, ...more]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

async function shown(world: TestWorld, nodeId: string): Promise<JobDetail> {
  return JobDetail.parse(JSON.parse(await show(world, nodeId, '--json')));
}

type Line = JobDetail['timeline'][number];

/** What a line of the timeline is, without its prose: its kind, and its code or the stage that it names. */
function gist({ kind, code, text }: Line): string {
  return `${kind} ${code ?? /^[a-z]+/.exec(text)?.[0] ?? ''}`;
}

/** Fails with the timeline unless these lines are there in their order, whatever stands between them. */
function expectInOrder(lines: readonly Line[], gists: readonly string[]): void {
  let from = 0;
  for (const wanted of gists) {
    const at = lines.findIndex((line, i) => i >= from && gist(line) === wanted);
    expect(at, `${wanted} in\n${lines.slice(from).map(gist).join('\n')}`).toBeGreaterThanOrEqual(0);
    from = at + 1;
  }
}

describe('labs and boards', () => {
  it('say what is up, what is not and why, and how much waits', async () => {
    const world = await testWorld();
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodes = [1, 2, 3].map(() => world.publish());
    for (const nodeId of nodes) await world.waits(nodeId, 'offline');
    await world.daemon.context.store.drain(LAB, ARM64, 'a new power supply');

    const labs = (await world.http('/api/v1/labs')).json;
    const { boards } = Boards.parse((await world.http('/api/v1/boards')).json);

    expect(labs).toMatchObject({ labs: [{ name: LAB, up: true, drained: null, jobs: { received: 3 } }] });
    expect(boards.find(({ board }) => board === X86)).toMatchObject({
      online: 0,
      idle: 0,
      jobs: 3,
      reasons: expect.arrayContaining(['qemu-02: its worker lab-worker is Offline']),
      drained: null,
    });
    expect(boards.find(({ board }) => board === ARM64)).toMatchObject({
      jobs: 0,
      drained: 'a new power supply',
    });
  });
});

describe('jobs show', () => {
  it('says each stage, wait, retry and delivery, with its time, how long it took, and why', async () => {
    const world = await testWorld({
      lab: { retries: { infrastructure: 1, pause: '1m' }, limits: { max_queued_per_device: 50 } },
    });
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodeId = world.publish({ scenario: 'infrastructure-once' });
    await world.waits(nodeId, 'offline');
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });
    await world.waits(nodeId, 'lab_failed');
    world.jump(MINUTE);
    await world.ended(nodeId);

    const { attempts, deliveries, timeline } = await shown(world, nodeId);
    expectInOrder(timeline, [
      'stage received',
      'wait offline',
      'stage admitted',
      'wait claim',
      'stage claimed',
      'stage rendered',
      'stage submitted',
      'stage running',
      'stage finished',
      'attempt lab_failed',
      'stage rendered',
      'stage submitted',
      'stage finished',
      'stage judged',
      'report accepted',
      'stage reported',
    ]);
    const times = timeline.map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
    expect(attempts).toMatchObject([
      { n: 1, lava_id: 1, state: 'Finished', outcome: expect.any(String) },
      { n: 2, lava_id: 2, state: 'Finished', outcome: null },
    ]);
    expect(deliveries).toContainEqual(
      expect.objectContaining({ destination: 'kcidb', kind: 'report', state: 'done' }),
    );

    const text = await show(world, nodeId);
    expect(text).toContain(`${LAB}:${nodeId}`);
    for (const line of timeline) expect(text).toContain(line.text);
    for (const { destination } of deliveries) expect(text).toContain(destination);
    // How long it took to the line before.
    expect(text).toMatch(/\+1m \d\ds {2}rendered/);
  });

  it('says why a job was refused, and what did not get through to whom', async () => {
    const world = await testWorld();
    const refused = world.publish({ board: 'no-such-board' });
    const parked = world.publish();
    await world.at(parked, 'running');
    world.maestro.faults.add({ kind: 'status', status: 401, method: 'PATCH', path: new RegExp(parked) });
    await world.ended(refused);
    await world.waits(parked, 'parked');

    expect(await shown(world, refused)).toMatchObject({
      done: true,
      ending: { kind: 'rejected', code: 'unknown_board' },
    });
    expect(await show(world, refused)).toContain('no-such-board');
    const { deliveries, ...job } = await shown(world, parked);
    expect(job).toMatchObject({ done: false, waits_for: 'reported', reason_code: 'parked' });
    const close = deliveries.find(({ state }) => state === 'parked');
    expect(close).toMatchObject({ destination: 'maestro', kind: 'close', error: expect.any(String) });
    expect(await show(world, parked)).toContain(close?.error);
  });
});
