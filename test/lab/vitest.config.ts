// The tests that need a real lab; `npm test` leaves them out.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/lab/**/*.test.ts'],
    setupFiles: ['test/support/hooks.ts'],
    maxWorkers: 1,
  },
});
