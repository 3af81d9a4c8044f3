import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/sequencer.ts';

/** Commands that the tests start need not compile the sources each time. */
const COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

/** Those need a real lab, or other projects' data. */
const ELSEWHERE = ['test/lab/**', 'test/parity/**'];
/** Folders whose tests change nothing that others in the process see: they share one, which loads each module once. */
const SHARED =
  'test/{catalog,config,core,definition,engine,import,kcidb,kernel-log,lava,maestro,metrics,notify,scripts,storage,templates,verdict}/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'apart', include: ['test/**/*.test.ts'], exclude: [...ELSEWHERE, SHARED] },
      },
      { extends: true, test: { name: 'shared', include: [SHARED], isolate: false } },
    ],
    setupFiles: ['test/support/query-plans.ts'],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 15 } },
    // Most of the time is spent waiting for what is to happen: more at once than there are cores.
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
  },
});
