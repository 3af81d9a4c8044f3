import { expect, it } from 'vitest';
import { failingDevices } from '../../src/lifecycle/failing-devices.ts';
import type { RunRecord } from '../../src/store/index.ts';

function runsOf(layers: readonly RunRecord['layer'][]): RunRecord[] {
  return layers.map((layer) => ({
    jobId: 'a:1',
    n: 1,
    counts: true,
    lab: 'a',
    board: 'b',
    device: 'd',
    tree: '',
    name: 'smoke',
    lavaId: 1,
    result: layer === 'none' ? 'pass' : 'incomplete',
    rule: layer === 'harness' ? 'infrastructure' : 'complete',
    layer,
    queueMs: null,
    runMs: null,
    bootMs: null,
    startedAt: null,
    finishedAt: 1,
  }));
}

it('a device fails if its last jobs all failed because of the lab, and no longer with the first that did not', async () => {
  const runs = new Map([
    ['dead', runsOf(['harness', 'harness', 'harness'])],
    ['mended', runsOf(['none', 'harness', 'harness'])],
    ['bad kernel', runsOf(['kernel', 'kernel', 'kernel'])],
    ['new', runsOf(['harness', 'harness'])],
  ]);
  const board = { type: 't', tags: [], online: true, unseenWorker: undefined, free: true, reason: undefined };
  const boards = [...runs.keys()].map((name) => ({ name, ...board }));
  const lab = { name: 'a', knownInventory: () => ({ at: 1, inventory: { boards, queued: new Map() } }) };
  const reader = { lastRuns: async () => runs };
  const store = { resumedAfter: async () => undefined };
  const ports = { labs: new Map([['a', lab]]), reader, store };
  const dead = [{ lab: 'a', device: 'dead', rule: 'infrastructure' }];
  expect(await failingDevices(ports, 3)).toEqual(dead);

  const resumed = { ...ports, store: { resumedAfter: async () => 1 } };
  expect(await failingDevices(resumed, 3)).toEqual([]);
  const resumedBefore = { ...ports, store: { resumedAfter: async () => 0 } };
  expect(await failingDevices(resumedBefore, 3)).toEqual(dead);
});
