import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/sequencer.ts';

/** Commands that the tests start need not compile the sources each time. */
const COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

/** Daemons that are killed, starved and damaged again and again: `npm run test:long`. */
const LONG = 'test/**/*.long.test.ts';
/** Those need a real lab, or other projects' data. */
const ELSEWHERE = ['test/lab/**', 'test/parity/**'];

export default defineConfig(({ mode }) => ({
  test: {
    ...(mode === 'long'
      ? { include: [LONG], exclude: ELSEWHERE }
      : { include: ['test/**/*.test.ts'], exclude: [...ELSEWHERE, LONG] }),
    // The files of a worker share its process, which loads each module once: that is half the work of most of them.
    isolate: false,
    unstubEnvs: true,
    setupFiles: ['test/support/hooks.ts'],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 15 } },
    // Most of the time is spent waiting for what is to happen: more at once than there are cores.
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
  },
}));
