// A process of its own that makes so many objects that V8 keeps more room for new ones, and then has nothing to do. Prints how much that
// room is (bytes) when it was busy, and ends when it is smaller again.
import { getHeapSpaceStatistics } from 'node:v8';
import { giveMemoryBack } from '../../src/core/heap.ts';
import { sleep } from '../../src/core/time.ts';

const MIB = 1024 * 1024;

function newSpace(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? 0;
}

let kept: unknown[] = [];
for (let i = 0; newSpace() < 8 * MIB && i < 2000; i++) {
  kept = [];
  for (let j = 0; j < 20_000; j++) kept.push({ j, list: [j] });
}
process.stdout.write(`${newSpace()}\n`);
const stopping = new AbortController();
const running = giveMemoryBack(stopping.signal, 250);
while (newSpace() >= 6 * MIB) await sleep(50);
stopping.abort();
await running;
