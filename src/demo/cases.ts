// The demo's requests: what happens to each on its board, and what must be reported of it. Together they cover the table of
// verdicts (docs/verdicts.md).
import type { NodeResult } from '../verdict/node-result.ts';
import type { RuleName, Status } from '../verdict/model.ts';

export interface DemoCase {
  /** The name of Maestro's job. */
  name: string;
  /** What happens: a scenario of the LAVA simulator. */
  scenario: string;
  board: 'qemu-x86_64' | 'qemu-arm64' | 'no-such-board';
  rule: RuleName;
  boot: Status;
  /** The test `shell`. */
  test: Status;
  result: NodeResult;
  /** Cancelled by hand once it runs. */
  cancel?: true;
  /** How many LAVA jobs it takes, if not one. */
  lavaJobs?: number;
}

const x86 = 'qemu-x86_64';
const arm = 'qemu-arm64';

/** All cases of the demo, in the order in which it shows them. */
export const DEMO_CASES: readonly DemoCase[] = [
  {
    name: 'all-passes',
    scenario: 'pass',
    board: x86,
    rule: 'complete',
    boot: 'PASS',
    test: 'PASS',
    result: 'pass',
  },
  {
    name: 'arm64-passes',
    scenario: 'pass',
    board: arm,
    rule: 'complete',
    boot: 'PASS',
    test: 'PASS',
    result: 'pass',
  },
  {
    name: 'a-case-fails',
    scenario: 'fail',
    board: x86,
    rule: 'complete',
    boot: 'PASS',
    test: 'FAIL',
    result: 'fail',
  },
  {
    name: 'all-kinds-of-cases',
    scenario: 'mixed',
    board: x86,
    rule: 'complete',
    boot: 'PASS',
    test: 'FAIL',
    result: 'fail',
  },
  {
    name: 'all-skipped',
    scenario: 'skip',
    board: x86,
    rule: 'complete',
    boot: 'PASS',
    test: 'SKIP',
    result: 'skip',
  },
  {
    name: 'unknown-board',
    scenario: 'pass',
    board: 'no-such-board',
    rule: 'never-ran',
    boot: 'MISS',
    test: 'MISS',
    result: 'incomplete',
    lavaJobs: 0,
  },
  {
    name: 'panic-at-boot',
    scenario: 'boot-panic',
    board: x86,
    rule: 'crashed-in-boot',
    boot: 'FAIL',
    test: 'MISS',
    result: 'fail',
  },
  {
    name: 'panic-and-hang',
    scenario: 'boot-panic-hang',
    board: arm,
    rule: 'crashed-in-boot',
    boot: 'FAIL',
    test: 'MISS',
    result: 'fail',
  },
  {
    name: 'panic-in-a-test',
    scenario: 'test-panic',
    board: x86,
    rule: 'crashed-in-test',
    boot: 'PASS',
    test: 'FAIL',
    result: 'fail',
  },
  {
    name: 'cancelled',
    scenario: 'long',
    board: x86,
    rule: 'canceled',
    boot: 'PASS',
    test: 'ERROR',
    result: 'incomplete',
    cancel: true,
  },
  {
    name: 'second-boot-works',
    scenario: 'boot-retry',
    board: x86,
    rule: 'boot-with-faults',
    boot: 'FAIL',
    test: 'PASS',
    result: 'fail',
  },
  {
    name: 'no-login',
    scenario: 'no-login',
    board: x86,
    rule: 'no-login',
    boot: 'FAIL',
    test: 'MISS',
    result: 'fail',
  },
  {
    name: 'silent-kernel',
    scenario: 'silent-kernel',
    board: arm,
    rule: 'silent-kernel',
    boot: 'FAIL',
    test: 'MISS',
    result: 'fail',
  },
  {
    name: 'dead-board',
    scenario: 'no-power',
    board: x86,
    rule: 'infrastructure',
    boot: 'ERROR',
    test: 'ERROR',
    result: 'incomplete',
    lavaJobs: 2,
  },
  {
    name: 'works-on-retry',
    scenario: 'infrastructure-once',
    board: x86,
    rule: 'complete',
    boot: 'PASS',
    test: 'PASS',
    result: 'pass',
    lavaJobs: 2,
  },
  {
    name: 'no-kernel-there',
    scenario: 'deploy-404',
    board: x86,
    rule: 'no-kernel-started',
    boot: 'MISS',
    test: 'MISS',
    result: 'incomplete',
  },
  {
    name: 'test-hangs',
    scenario: 'test-timeout',
    board: x86,
    rule: 'test-cut-short',
    boot: 'PASS',
    test: 'ERROR',
    result: 'incomplete',
  },
  {
    name: 'multinode-waits',
    scenario: 'multinode-timeout',
    board: x86,
    rule: 'multinode-timeout',
    boot: 'PASS',
    test: 'ERROR',
    result: 'incomplete',
  },
  {
    name: 'lava-has-a-bug',
    scenario: 'bug',
    board: x86,
    rule: 'lava-failed',
    boot: 'MISS',
    test: 'MISS',
    result: 'incomplete',
    lavaJobs: 2,
  },
  {
    name: 'test-never-ran',
    scenario: 'suite-missing',
    board: x86,
    rule: 'missing-results',
    boot: 'PASS',
    test: 'ERROR',
    result: 'incomplete',
  },
];
