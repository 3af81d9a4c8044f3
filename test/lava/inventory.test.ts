import { expect, it } from 'vitest';
import type { LabFacts } from '../../src/lava/client.ts';
import { supplyOf, takeInventory } from '../../src/lava/inventory.ts';
import type { LavaDevice, LavaWorker } from '../../src/lava/model.ts';

function device(name: string, more: Partial<LavaDevice> = {}): LavaDevice {
  return { name, type: 'qemu', health: 'Good', state: 'Idle', job: undefined, ...more };
}

function worker(name: string, devices: string[], more: Partial<LavaWorker> = {}): LavaWorker {
  return { name, state: 'Online', health: 'Active', devices, jobLimit: 0, lastPingAt: undefined, ...more };
}

function facts(more: Partial<LabFacts>): LabFacts {
  return { devices: [], workers: [], unseenWorkers: new Map(), tags: new Map(), queued: new Map(), ...more };
}

it.each<[string, Partial<LavaDevice>, Partial<LavaWorker>, boolean, boolean]>([
  ['good and idle', {}, {}, true, true],
  ['of unknown health', { health: 'Unknown' }, {}, true, true],
  ['running a job', { state: 'Running', job: 12 }, {}, true, false],
  ['reserved', { state: 'Reserved' }, {}, true, false],
  ['bad', { health: 'Bad' }, {}, false, false],
  ['looping', { health: 'Looping' }, {}, false, false],
  ['in maintenance', { health: 'Maintenance' }, {}, false, false],
  ['on a worker that is away', {}, { state: 'Offline' }, false, false],
  ['on a worker in maintenance', {}, { health: 'Maintenance' }, false, false],
])('knows whether a board %s takes jobs', (_what, ofDevice, ofWorker, online, free) => {
  const inventory = takeInventory(
    facts({ devices: [device('b1', ofDevice)], workers: [worker('w1', ['b1'], ofWorker)] }),
  );

  const [board] = inventory.boards;
  expect(board).toMatchObject({ online, free });
  expect(board?.reason === undefined).toBe(free);
});

it('takes a board that no worker has for one that is away', () => {
  const { boards } = takeInventory(facts({ devices: [device('b1')], workers: [worker('w1', [])] }));

  expect(boards).toMatchObject([{ online: false, reason: 'no worker has it' }]);
});

it('takes a board whose worker the user may not see for one that is online, and counts it', () => {
  const inventory = takeInventory(
    facts({
      devices: [device('b1'), device('b2', { health: 'Bad' }), device('b3', { state: 'Running', job: 7 })],
      unseenWorkers: new Map(['b1', 'b2', 'b3'].map((name) => [name, 'hidden'])),
    }),
  );

  expect(supplyOf(inventory, 'qemu')).toMatchObject({ total: 3, online: 2, free: 1, unseen: 2 });
});

it('counts how many jobs a worker runs at once, busy boards of all types counted', () => {
  const inventory = takeInventory(
    facts({
      devices: [device('b1'), device('b2', { type: 'arm', state: 'Running' })],
      workers: [worker('w1', ['b1', 'b2'], { jobLimit: 1 })],
    }),
  );

  expect(supplyOf(inventory, 'qemu')).toMatchObject({ total: 1, online: 1, free: 0 });
});

it('counts the boards of a type that have all the tags, and says why others are away', () => {
  const inventory = takeInventory(
    facts({
      devices: [device('b1'), device('b2', { health: 'Bad' }), device('b3', { type: 'arm' })],
      workers: [worker('w1', ['b1', 'b2', 'b3'])],
      tags: new Map([
        ['fast', ['b1', 'b2', 'b3']],
        ['big', ['b2']],
      ]),
      queued: new Map([['qemu', 7]]),
    }),
  );

  expect(supplyOf(inventory, 'qemu', ['fast'])).toEqual({
    total: 2,
    online: 1,
    free: 1,
    unseen: 0,
    queued: 7,
    reasons: ['b2: its health is Bad'],
  });
  expect(supplyOf(inventory, 'qemu', ['fast', 'big'])).toMatchObject({ total: 1, online: 0 });
  expect(supplyOf(inventory, 'no-such')).toEqual({
    total: 0,
    online: 0,
    free: 0,
    unseen: 0,
    queued: 0,
    reasons: [],
  });
});
