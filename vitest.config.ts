import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those need a real lab, or other projects' data.
    exclude: ['test/lab/**', 'test/parity/**'],
    setupFiles: ['test/support/query-plans.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most of the time is spent waiting for what is to happen: more at once than there are cores.
    maxWorkers: 4,
  },
});
