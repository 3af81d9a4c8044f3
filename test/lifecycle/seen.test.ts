// What the admin sees of a job: by the API, and by the command that prints it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MINUTE } from '../../src/core/time.ts';
import { ARM64, LAB, testWorld, X86, type TestWorld } from '../support/world.ts';

const run = promisify(execFile);

const Detail = z.object({ timeline: z.array(z.object({ at: z.iso.datetime(), text: z.string() })) });

const Boards = z.object({ boards: z.array(z.looseObject({ board: z.string() })) });

async function show(world: TestWorld, nodeId: string): Promise<string> {
  const args = ['src/cli/main.ts', 'jobs', 'show', nodeId, '--config', world.configFile];
  return (await run(process.execPath, args)).stdout;
}

/** The texts of a timeline that match these words, in the order of the words. Fails with the timeline. */
function expectInOrder(texts: readonly string[], words: readonly RegExp[]): void {
  let from = 0;
  for (const word of words) {
    const at = texts.findIndex((text, i) => i >= from && word.test(text));
    expect(at, `${word.source} in\n${texts.slice(from).join('\n')}`).toBeGreaterThanOrEqual(0);
    from = at + 1;
  }
}

describe('labs and boards', () => {
  it('say what is up, what is not and why, and how much waits', async () => {
    const world = await testWorld();
    world.lava.lab.setWorker('lab-worker', { state: 'Offline' });
    const nodes = [1, 2, 3].map(() => world.publish());
    for (const nodeId of nodes) await world.waits(nodeId, /is Offline/);
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
    await world.waits(nodeId, /is Offline/);
    world.lava.lab.setWorker('lab-worker', { state: 'Online' });
    await world.waits(nodeId, /again in 1m/);
    world.jump(MINUTE);
    await world.ended(nodeId);

    const { timeline } = Detail.parse((await world.http(`/api/v1/jobs/${nodeId}`)).json);
    expectInOrder(
      timeline.map(({ text }) => text),
      [
        /^received \(pull_labs\)/,
        /^waits to be admitted: no qemu is online: .*its worker lab-worker is Offline/,
        /^admitted/,
        /^waits to be claimed: the node has our mark/,
        /^claimed/,
        /^rendered: attempt 1, .*$/,
        /^submitted: LAVA job 1$/,
        /^running: on qemu/,
        /^finished: Incomplete on qemu.*, evidence fetched$/,
        /^attempt 1 failed for the lab's part \(.+\); again in 1m 00s$/,
        /^rendered: attempt 2/,
        /^submitted: LAVA job 2$/,
        /^finished: Complete on qemu/,
        /^judged: rule [a-z-]+: .*boot PASS/,
        /^report: accepted by kcidb, submission/,
        /^reported$/,
      ],
    );
    const times = timeline.map(({ at }) => at);
    expect(times).toEqual(times.toSorted());

    const text = await show(world, nodeId);
    expect(text).toContain(`${LAB}:${nodeId}`);
    for (const line of timeline) expect(text).toContain(line.text);
    expect(text).toMatch(/\+1m \d\ds {2}rendered: attempt 2/);
    expect(text).toMatch(/2: LAVA job 2 Finished/);
    expect(text).toMatch(/kcidb: report done/);
  });

  it('says why a job was refused, and what did not get through to whom', async () => {
    const world = await testWorld();
    const refused = world.publish({ board: 'no-such-board' });
    const parked = world.publish();
    await world.at(parked, 'running');
    world.maestro.faults.add({ kind: 'status', status: 401, method: 'PATCH', path: new RegExp(parked) });
    await world.ended(refused);
    await world.waits(parked, /maestro refused/);

    expect(await show(world, refused)).toMatch(/received \(pull_labs\), rejected: .*no-such-board/);
    const text = await show(world, parked);
    expect(text).toMatch(/open, last stage judged; .*maestro refused/);
    expect(text).toMatch(/maestro: close parked: .+/);
    expect(text).toMatch(/close: refused by maestro: .+/);
  });
});
