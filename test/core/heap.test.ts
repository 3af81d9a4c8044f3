import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MIB = 1024 * 1024;

it('memory that a busy time took is given back when the process is idle', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['test/support/busy-process.ts'], {
    timeout: 240_000,
  });
  expect(Number(stdout)).toBeGreaterThanOrEqual(8 * MIB);
});
