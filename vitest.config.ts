import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/lab/**', 'test/e2e/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most of the time is spent waiting for what is to happen: more at once than there are cores.
    maxWorkers: 4,
  },
});
