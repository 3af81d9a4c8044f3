import { expect, it } from 'vitest';
import { STAGES } from '../../src/store/index.ts';
import { LAB, testWorld, X86 } from '../support/world.ts';

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

it('what is held back by a drain has a line for each job, and so has what is taken up', async () => {
  const world = await testWorld();
  await world.daemon.context.store.drain(LAB, '', 'new switch');
  const nodes = [1, 2, 3].map(() => world.publish());
  for (const node of nodes) await world.waits(node, 'drained');
  const lines = world.log.map((line) => JSON.parse(line) as Line & { reason?: string });
  for (const node of nodes) {
    const held = lines.filter((line) => line.node === node && line.reason === 'drained');
    expect(held.at(0)).toMatchObject({ level: 'info', event: 'wait', lab: LAB, board: X86 });
  }
  const id = `${LAB}:${nodes[0]}`;
  await world.daemon.context.store.setAside(id, { code: 'crashes', text: 'twice' });
  const order = { method: 'POST', headers: { authorization: `Bearer ${world.token}` } };
  expect((await world.http(`/api/v1/jobs/${id}/retry`, order)).status).toBe(202);
  const taken = world.log
    .map((line) => JSON.parse(line) as Line)
    .filter(({ job, event }) => job === id && event === 'note');
  expect(taken.at(-1)).toMatchObject({ level: 'info', event: 'note', reason: 'taken_up' });
});
