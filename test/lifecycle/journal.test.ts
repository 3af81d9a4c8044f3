import { expect, it } from 'vitest';
import { STAGES } from '../../src/store/index.ts';
import { testWorld } from '../support/world.ts';

interface Line {
  level: string;
  msg: string;
  event?: string;
  job?: string;
  lab?: string;
  node?: string;
  board?: string;
  device?: string | null;
  lavaId?: number | null;
}

it('the journal has a line for each thing that happens to a job, and says where the job is', async () => {
  const world = await testWorld();
  const nodeId = world.publish();
  const job = await world.ended(nodeId);
  const [attempt] = await world.attempts(nodeId);

  const lines = world.log.map((line) => JSON.parse(line) as Line).filter((line) => line.job === job.id);
  const shown = lines.filter(({ level }) => level !== 'debug');
  const events = shown.map(({ event }) => event).filter((event) => event !== 'report');
  expect(events).toEqual([...STAGES]);
  expect(
    shown.every(({ lab, node, board }) => lab === job.lab && node === nodeId && board === job.board),
  ).toBe(true);
  expect(shown.find(({ event }) => event === 'judged')).toMatchObject({
    lavaId: attempt?.lavaId,
    device: attempt?.device,
  });
  // The same words stand in the job's timeline.
  expect((await world.timeline(nodeId)).map(({ text }) => text)).toEqual(
    expect.arrayContaining(shown.map(({ msg }) => msg)),
  );
});

it('what an admin must know of stands out: a job that is tried again', async () => {
  const world = await testWorld();
  world.fly();
  const job = await world.ended(world.publish({ scenario: 'infrastructure-once' }));
  const warned = world.log
    .map((line) => JSON.parse(line) as Line)
    .filter(({ level, event }) => level === 'warn' && event !== undefined)
    .map(({ job: id, event }) => `${id} ${event}`);
  expect(warned).toEqual([`${job.id} retried`]);
});
