// What devices did over time, look by look.
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStore, type SeenDevice, type Store } from '../../src/store/index.ts';
import { readDeviceSpans } from '../../src/store/devices.ts';
import { openSqliteToRead } from '../../src/store/sqlite.ts';
import { atEnd } from '../support/at-end.ts';
import { newFolder } from '../support/folder.ts';

const START = Date.parse('2026-08-21T10:00:00Z');
const LOOK = 30_000;
const [IDLE, DOWN] = [
  { device: 'rpi-1', state: 'idle', why: '' },
  { device: 'rpi-1', state: 'down', why: 'its health is Bad' },
] as const satisfies SeenDevice[];
const OTHER = { device: 'rpi-2', state: 'busy', why: 'it runs job 7' } as const;

let file: string;
let store: Store;

async function open(): Promise<void> {
  store = await openStore({ sqlite: file });
}

beforeEach(async () => {
  file = join(await newFolder(), 'bridge.db');
  await open();
  atEnd(() => store.close());
});

/** The spans of rpi-1, in seconds after the start. */
async function spans(): Promise<[string, number, number][]> {
  const db = openSqliteToRead(file);
  const found = await readDeviceSpans(db, { lab: 'a', device: 'rpi-1' }, 0, 100);
  await db.destroy();
  return found.map(({ state, fromAt, toAt }) => [state, (fromAt - START) / 1000, (toAt - START) / 1000]);
}

describe('the states of a device', () => {
  it('are one span for as long as nothing changes, and the next begins where the last one ends', async () => {
    for (const [i, seen] of [IDLE, IDLE, DOWN, DOWN, IDLE].entries())
      await store.sawDevices('a', START + i * LOOK, [seen, OTHER]);

    expect(await spans()).toEqual([
      ['idle', 0, 60],
      ['down', 60, 120],
      ['idle', 120, 120],
    ]);
  });

  it('leave out the time in which nobody looked', async () => {
    await store.sawDevices('a', START, [IDLE]);
    await store.sawDevices('a', START + LOOK, [IDLE]);
    await store.sawDevices('a', START + 100 * LOOK, [IDLE]);
    await store.sawDevices('a', START + 101 * LOOK, [IDLE]);

    expect(await spans()).toEqual([
      ['idle', 0, 30],
      ['idle', 3000, 3030],
    ]);
  });

  it('end with a device that LAVA no longer shows, and are of each lab alone', async () => {
    await store.sawDevices('a', START, [IDLE]);
    await store.sawDevices('b', START, [IDLE]);
    await store.sawDevices('a', START + LOOK, []);
    await store.sawDevices('b', START + LOOK, [IDLE]);

    expect(await spans()).toEqual([['idle', 0, 0]]);
  });

  it('begin again after a restart, and go when they are old', async () => {
    await store.sawDevices('a', START, [IDLE]);
    await store.close();
    await open();
    await store.sawDevices('a', START + LOOK, [IDLE]);
    await store.sawDevices('a', START + 2 * LOOK, [IDLE]);

    expect(await spans()).toEqual([
      ['idle', 0, 30],
      ['idle', 30, 60],
    ]);
    await store.forgetDevices(START + LOOK);
    expect(await spans()).toEqual([['idle', 30, 60]]);
  });

  it('are none of the future after the clock was set back', async () => {
    await store.sawDevices('a', START, [IDLE]);
    await store.sawDevices('a', Date.now() + 3_600_000, [IDLE]);
    await store.forgetFuture(1000);

    expect(await spans()).toEqual([['idle', 0, 0]]);
  });
});
