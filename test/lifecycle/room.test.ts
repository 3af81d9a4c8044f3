import { describe, expect, it } from 'vitest';
import { whyNoRoom } from '../../src/lifecycle/room.ts';

const MIB = 1024 ** 2;

function whyNot(...disks: { free: number; size: number }[]): Promise<string | undefined> {
  const all = disks.map((disk, i) => ({ folders: `/disk${i}`, ...disk }));
  return whyNoRoom({ disks: async () => all }).then((reason) => reason && `${reason.code} ${reason.text}`);
}

describe('there is room for another job', () => {
  it('while each disk has some, or none can be asked', async () => {
    expect(await whyNot()).toBeUndefined();
    expect(await whyNot({ free: 300 * MIB, size: 100_000 * MIB }, { free: 10 * MIB, size: 60 * MIB })).toBe(
      undefined,
    );
  });

  it('but not with a disk that is almost full, which is named', async () => {
    const large = { free: 50_000 * MIB, size: 100_000 * MIB };
    expect(await whyNot(large, { free: 255 * MIB, size: 100_000 * MIB })).toMatch(/^disk_low .*\/disk1/);
    expect(await whyNot({ free: 2 * MIB, size: 60 * MIB }, large)).toMatch(/^disk_low .*\/disk0/);
  });
});
