import { getHeapSpaceStatistics } from 'node:v8';
import { expect, it } from 'vitest';
import { giveMemoryBack } from '../../src/core/heap.ts';
import { until } from '../support/wait.ts';

const MIB = 1024 * 1024;

function newSpace(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? 0;
}

/** Makes so many objects that live for a while that V8 keeps more room for new ones. */
function beBusy(): number {
  let kept: unknown[] = [];
  for (let i = 0; newSpace() < 8 * MIB && i < 2000; i++) {
    kept = [];
    for (let j = 0; j < 20_000; j++) kept.push({ j, list: [j] });
  }
  return kept.length;
}

it('memory that a busy time took is given back when the process is idle', async () => {
  expect(beBusy()).toBeGreaterThan(0);
  expect(newSpace()).toBeGreaterThanOrEqual(8 * MIB);
  const stopping = new AbortController();
  const running = giveMemoryBack(stopping.signal, 250);
  await until('it is given back', async () => (newSpace() < 6 * MIB ? true : undefined));
  stopping.abort();
  await running;
});
