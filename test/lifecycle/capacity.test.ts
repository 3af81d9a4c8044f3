import { beforeEach, describe, expect, it } from 'vitest';
import { whyNoCapacity, type LimitedLab, type Wanted } from '../../src/lifecycle/capacity.ts';
import type { Inventory } from '../../src/lava/inventory.ts';
import type { StageName } from '../../src/store/index.ts';

const LAB = 'lava-a';
type Device = Inventory['boards'][number];
const device = (name: string, more: Partial<Device> = {}): Device => ({
  name,
  type: 'rock',
  tags: [],
  online: true,
  free: true,
  unseenWorker: undefined,
  reason: undefined,
  ...more,
});

let inventory: Inventory;
let open: { lab: string; board: string; stage: StageName; count: number }[];
let limits: LimitedLab['config']['limits'];
/** How old an inventory may be that was asked for. */
let asked: (number | undefined)[];

beforeEach(() => {
  inventory = { boards: [device('rock-1'), device('rock-2')], queued: new Map() };
  open = [];
  limits = { max_jobs: 100, max_queued_per_device: 2 };
  asked = [];
});

function whyNot(limitsOfBoard: Wanted['limits'] = {}): Promise<string | undefined> {
  const lab: LimitedLab = {
    name: LAB,
    config: { limits },
    inventory: async (maxAge) => {
      asked.push(maxAge);
      return inventory;
    },
  };
  const wanted: Wanted = { name: 'rock-pi', lava_device_type: 'rock', tags: [], limits: limitsOfBoard };
  const find = (name: string) => (name === 'rock-pi' ? { lava_device_type: 'rock' } : undefined);
  const ports = { store: { drains: async () => [], openCounts: async () => open }, boards: { find } };
  return whyNoCapacity(lab, wanted, ports).then((reason) => reason?.code);
}

function jobs(stage: StageName, count: number, board = 'rock-pi', lab = LAB): void {
  open.push({ lab, board, stage, count });
}

describe('there is capacity for a job', () => {
  it('while a device is online and the queue is not full', async () => {
    expect(await whyNot()).toBeUndefined();
    expect(asked).toEqual([undefined]);
  });

  it('but not without a device, or without one that is online', async () => {
    inventory = { boards: [device('rock-1', { online: false, reason: 'Bad' })], queued: new Map() };
    expect(await whyNot()).toBe('offline');
    inventory = { boards: [], queued: new Map() };
    expect(await whyNot()).toBe('no_device');
  });

  it('and what is in the way is looked at once more with a fresh inventory', async () => {
    inventory = { boards: [], queued: new Map() };
    await whyNot();
    expect(asked).toEqual([undefined, 5000]);
  });

  it('up to the limit of the lab, over all boards', async () => {
    limits = { max_jobs: 3, max_queued_per_device: 50 };
    jobs('running', 1);
    jobs('submitted', 1, 'other');
    jobs('received', 50);
    jobs('judged', 50);
    jobs('running', 50, 'rock-pi', 'lava-b');
    expect(await whyNot()).toBeUndefined();
    jobs('claimed', 1, 'other');
    expect(await whyNot()).toBe('lab_full');
  });

  it('up to the limit of the device type, over all devices', async () => {
    jobs('running', 2);
    jobs('running', 5, 'other');
    expect(await whyNot({ max_jobs: 3 })).toBeUndefined();
    jobs('rendered', 1);
    expect(await whyNot({ max_jobs: 3 })).toBe('board_full');
    expect(await whyNot()).toBeUndefined();
  });

  it('up to the limit of LAVA’s queue for each device, of the lab or of the device type', async () => {
    inventory = { ...inventory, queued: new Map([['rock', 3]]) };
    expect(await whyNot()).toBeUndefined();
    expect(await whyNot({ max_queued_per_device: 1 })).toBe('queue_full');
    jobs('admitted', 1);
    expect(await whyNot()).toBe('queue_full');
    expect(await whyNot({ max_queued_per_device: 9 })).toBeUndefined();
  });
});
