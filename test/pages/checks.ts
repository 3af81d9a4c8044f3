// Counts what is as it must be and what is not.

export interface Checks {
  ok: (what: string, isSo: boolean, seen?: unknown) => void;
  /** A check that failed if it throws. */
  run: (what: string, work: () => Promise<void>) => Promise<void>;
  passed: () => number;
  failed: () => number;
}

export function createChecks(): Checks {
  let passed = 0;
  let failed = 0;
  const ok: Checks['ok'] = (what, isSo, seen) => {
    if (isSo) passed += 1;
    else {
      failed += 1;
      console.log(`FAILED ${what}${seen === undefined ? '' : `: ${JSON.stringify(seen)?.slice(0, 1500)}`}`);
    }
  };
  return {
    ok,
    async run(what, work) {
      try {
        await work();
      } catch (error) {
        ok(what, false, error instanceof Error ? error.message : error);
      }
    },
    passed: () => passed,
    failed: () => failed,
  };
}
