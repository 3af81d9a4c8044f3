import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createGate } from '../../src/core/gate.ts';
import { outsideWait, withWaits, type WaitListener } from '../../src/core/outside-wait.ts';

/** Notes each wait a while after it began. */
function slowListener(): WaitListener & { heard: string[] } {
  const heard: string[] = [];
  const later = async (what: string): Promise<void> => {
    await setImmediate();
    heard.push(what);
  };
  return { heard, began: () => later('began'), ended: () => later('ended') };
}

describe('a wait for others', () => {
  it('throws to its caller what failed while the listener ran', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const listener = slowListener();
    const failed = Promise.reject(new Error('away'));

    const wait = withWaits(listener, () => outsideWait(() => failed));

    await expect(wait).rejects.toThrow('away');
    expect(listener.heard).toEqual(['began', 'ended']);
    expect(unhandled).toEqual([]);
    process.off('unhandledRejection', note);
  });

  it('takes a turn at a gate that becomes free while the listener runs', async () => {
    const gate = createGate(1);
    let free = (): void => undefined;
    const first = gate(() => new Promise<void>((resolve) => (free = resolve)));

    const second = withWaits(slowListener(), () => gate(async () => 'through'));
    free();

    await first;
    expect(await second).toBe('through');
  });
});
