// The tests that compare with other projects' data; `npm run parity -- DIR` runs them, `npm test` does not.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/parity/**/*.test.ts'],
    setupFiles: ['test/support/hooks.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
  },
});
