import { describe, expect, it } from 'vitest';
import { TemporaryError } from '../../src/core/errors.ts';
import { createLab, type Lab } from '../../src/lifecycle/lab.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLavaClient } from '../../src/lava/client.ts';
import { makeFiles } from '../support/folder.ts';

const CONFIG = `
report: { kcidb: off, maestro: off }
labs:
  - name: lava-a
    origin: a
    lava: { url: 'http://127.0.0.1:9', user: u, token: t }
    callback: { token_name: n, token: t, url: 'http://127.0.0.1:9' }
`;

async function makeLab(): Promise<Lab> {
  const folder = await makeFiles({ 'lava-bridge.yaml': CONFIG });
  const { labs } = await loadConfig(`${folder}/lava-bridge.yaml`);
  const [config] = labs;
  if (config === undefined) throw new Error('no lab');
  const client = createLavaClient({ url: config.lava.url, timeoutMs: 1000 });
  return createLab({ config, client, now: Date.now, onChange: () => undefined });
}

describe('the calls to a lab', () => {
  it('are two at once at most, however many are wanted, in their order', async () => {
    const lab = await makeLab();
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const done = Array.from({ length: 6 }, (_, i) =>
      lab.call(async () => {
        begun.push(i);
        await new Promise<void>((resolve) => ends.push(resolve));
        return i;
      }),
    );
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (let ended = 0; ended < 6; ended++) {
      await turn();
      expect(begun).toHaveLength(Math.min(6, ended + 2));
      ends[ended]?.();
    }

    expect(await Promise.all(done)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('that waited for their turn are not even tried when the lab is found to be away', async () => {
    const lab = await makeLab();
    let tried = 0;
    const calls = Array.from({ length: 20 }, () =>
      lab.call(async () => {
        tried += 1;
        throw new TemporaryError('unreachable', 'no answer');
      }),
    );

    const codes = (await Promise.allSettled(calls)).map((c) =>
      c.status === 'rejected' && c.reason instanceof TemporaryError ? c.reason.code : 'done',
    );

    expect(tried).toBeLessThanOrEqual(4);
    expect(codes.filter((code) => code === 'down').length).toBeGreaterThanOrEqual(16);
  });
});
