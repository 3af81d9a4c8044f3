import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { damageText, seeded } from './mutate.ts';

const run = promisify(execFile);

// In a process of its own: a reader that hangs can then be ended, and says by its silence that it does.
it('a thousand damaged callbacks become valid reports or clear refusals, and none hangs', async () => {
  const args = [join(import.meta.dirname, 'main.ts'), '--cases', '1000', '--seed', '1'];

  const { stdout } = await run(process.execPath, args, { timeout: 290_000 }).catch(
    (error: { stdout?: string; killed?: boolean }) => ({
      stdout: `${error.stdout ?? ''}${error.killed === true ? '\nkilled after the time-out' : ''}`,
    }),
  );

  expect(stdout).toContain('1000 cases, 0 of them with faults');
  expect(Number(/(\d+) {2}kcidb\n/.exec(stdout)?.[1])).toBeGreaterThan(150);
  expect(Number(/(\d+) {2}maestro\n/.exec(stdout)?.[1])).toBeGreaterThan(150);
}, 300_000);

// Each was a fault once.
it.each([['half characters in the compatible list', 102, 602]])(
  '%s are found no more',
  async (_what, seed, number) => {
    const args = [
      join(import.meta.dirname, 'main.ts'),
      '--cases',
      '1',
      '--seed',
      `${seed}`,
      '--from',
      `${number}`,
    ];

    const { stdout } = await run(process.execPath, args, { timeout: 290_000 }).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
    );

    expect(stdout).toContain('1 cases, 0 of them with faults');
  },
  300_000,
);

it('a case can be had again by its seed', () => {
  const text = 'one line\nand another\n'.repeat(50);
  const damaged = (seed: number): string => damageText(text, seeded(seed));

  expect(damaged(7)).toBe(damaged(7));
  expect(new Set(Array.from({ length: 50 }, (_, i) => damaged(i))).size).toBeGreaterThan(30);
});
