// What the requests of a chaos run ask for, and what must come out of each: LAVA jobs, the node in Maestro, the tests in
// KCIDB. How a fake board plays a job stands in the job's metadata (test/lab/fake-worker); the rows of the verdicts'
// table that a fake board can show are all here.
import { stringify } from 'yaml';
import type { NodeResult } from '../../src/verdict/node-result.ts';
import type { Status } from '../../src/verdict/model.ts';

/** One test suite that a fake board plays. */
interface Suite {
  cases: number;
  fail?: number;
  skip?: number;
  unknown?: number;
}

type SuiteName = 'smoke' | 'longer';
/** A test that is asked for; there is no template for the last. */
type TestName = SuiteName | 'no-such-test';

/** What a fake board is to do. */
interface Play {
  result?: 'pass' | 'fail';
  error_type?: string;
  error_msg?: string;
  boot?: number;
  log_lines?: number;
  silent?: boolean;
  suites?: Partial<Record<SuiteName, Suite>>;
}

/** A kind of request. */
export interface Kind {
  name: string;
  /** How often it comes, among all kinds. */
  weight: number;
  /** What is asked for, in this order. */
  tests: TestName[];
  first: Play;
  /** In all attempts but the first, if they differ. */
  later?: Play;
  /** LAVA jobs that it takes. */
  attempts: number;
  boot: Status;
  roots: Partial<Record<TestName, Status>>;
  result: NodeResult;
}

const brokenBoard: Play = {
  result: 'fail',
  error_type: 'Infrastructure',
  error_msg: 'Connection closed',
  suites: {},
};

export const KINDS: readonly Kind[] = [
  {
    name: 'passes',
    weight: 40,
    tests: ['smoke'],
    first: { suites: { smoke: { cases: 6 } } },
    attempts: 1,
    boot: 'PASS',
    roots: { smoke: 'PASS' },
    result: 'pass',
  },
  {
    name: 'a-case-fails',
    weight: 12,
    tests: ['smoke'],
    first: { suites: { smoke: { cases: 6, fail: 1 } } },
    attempts: 1,
    boot: 'PASS',
    roots: { smoke: 'FAIL' },
    result: 'fail',
  },
  {
    name: 'all-kinds-of-cases',
    weight: 8,
    tests: ['smoke', 'longer'],
    first: { suites: { smoke: { cases: 5, skip: 1, unknown: 1 }, longer: { cases: 10, fail: 2 } } },
    attempts: 1,
    boot: 'PASS',
    roots: { smoke: 'ERROR', longer: 'FAIL' },
    result: 'fail',
  },
  {
    name: 'all-skipped',
    weight: 4,
    tests: ['smoke'],
    first: { suites: { smoke: { cases: 3, skip: 3 } } },
    attempts: 1,
    boot: 'PASS',
    roots: { smoke: 'SKIP' },
    result: 'skip',
  },
  {
    name: 'dead-board',
    weight: 5,
    tests: ['smoke'],
    first: brokenBoard,
    attempts: 2,
    boot: 'ERROR',
    roots: { smoke: 'ERROR' },
    result: 'incomplete',
  },
  {
    name: 'works-on-retry',
    weight: 8,
    tests: ['smoke'],
    first: brokenBoard,
    later: { suites: { smoke: { cases: 6 } } },
    attempts: 2,
    boot: 'PASS',
    roots: { smoke: 'PASS' },
    result: 'pass',
  },
  {
    name: 'silent-board',
    weight: 3,
    tests: ['smoke'],
    first: { silent: true, result: 'fail', error_type: 'Infrastructure' },
    attempts: 2,
    boot: 'ERROR',
    roots: { smoke: 'ERROR' },
    result: 'incomplete',
  },
  {
    name: 'test-error',
    weight: 5,
    tests: ['smoke', 'longer'],
    first: {
      suites: { smoke: { cases: 4 } },
      result: 'fail',
      error_type: 'Test',
      error_msg: 'no-such-hardware',
    },
    attempts: 1,
    boot: 'PASS',
    roots: { smoke: 'PASS', longer: 'ERROR' },
    result: 'incomplete',
  },
  {
    name: 'no-login',
    weight: 4,
    tests: ['smoke'],
    first: {
      boot: 20,
      suites: {},
      result: 'fail',
      error_type: 'Job',
      error_msg: 'auto-login-action timed out after 120 seconds',
    },
    attempts: 1,
    boot: 'FAIL',
    roots: { smoke: 'MISS' },
    result: 'fail',
  },
  {
    name: 'no-kernel-there',
    weight: 3,
    tests: ['smoke'],
    first: {
      boot: 0,
      suites: {},
      result: 'fail',
      error_type: 'Job',
      error_msg: 'Resource unavailable at http://127.0.0.1/Image (404)',
    },
    attempts: 1,
    boot: 'MISS',
    roots: { smoke: 'MISS' },
    result: 'incomplete',
  },
  {
    name: 'lava-has-a-bug',
    weight: 2,
    tests: ['smoke'],
    first: { suites: {}, boot: 0, result: 'fail', error_type: 'Bug', error_msg: 'made-up traceback' },
    attempts: 2,
    boot: 'MISS',
    roots: { smoke: 'MISS' },
    result: 'incomplete',
  },
  {
    // Incomplete, not Canceled: it was not asked for.
    name: 'worker-stopped',
    weight: 3,
    tests: ['smoke'],
    first: { suites: {}, boot: 0, result: 'fail', error_type: 'Canceled' },
    attempts: 2,
    boot: 'ERROR',
    roots: { smoke: 'ERROR' },
    result: 'incomplete',
  },
  {
    name: 'bad-request',
    weight: 3,
    tests: ['no-such-test'],
    first: {},
    attempts: 0,
    boot: 'MISS',
    roots: { 'no-such-test': 'MISS' },
    result: 'incomplete',
  },
];

/** As many kinds as are wanted, drawn by their weights. */
export function drawKinds(count: number, random: () => number): Kind[] {
  const total = KINDS.reduce((sum, kind) => sum + kind.weight, 0);
  return Array.from({ length: count }, () => {
    let left = random() * total;
    const drawn = KINDS.find((kind) => (left -= kind.weight) < 0) ?? KINDS[0];
    if (drawn === undefined) throw new Error('unreachable: there are kinds');
    return drawn;
  });
}

/** The PULL_LABS definition of a request of that kind, for a job that runs so many seconds. */
export function definitionOf(kind: Kind, seconds: number, files: string): Record<string, unknown> {
  const play = (p: Play): string =>
    stringify({ boot: 3, log_lines: 40, ...p, duration: seconds }, { collectionStyle: 'flow' }).trim();
  // The first test's parameters reach the job's metadata by the fake board's own template (site/).
  const plays = { first: play(kind.first), later: play(kind.later ?? kind.first) };
  return {
    artifacts: { kernel: `${files}/bzImage`, ramdisk: `${files}/rootfs.cpio.gz` },
    tests: kind.tests.map((name, i) => ({
      id: name,
      type: name,
      depends: [],
      timeout_s: 300,
      ...(i === 0 ? plays : {}),
    })),
    environment: { platform: 'fake-board', arch: 'x86_64' },
  };
}

/** Every test that KCIDB must have for a request of that kind, by path. */
export function wantedTests(kind: Kind): Map<string, Status> {
  const wanted = new Map<string, Status>([['boot', kind.boot]]);
  const { suites = {} } = kind.later ?? kind.first;
  for (const [name, status] of Object.entries(kind.roots)) {
    wanted.set(name, status);
    for (const [i, leaf] of leavesOf(suites[name === 'longer' ? 'longer' : 'smoke']).entries()) {
      wanted.set(`${name}.case-${i}`, leaf);
    }
  }
  return wanted;
}

/** As the fake worker counts its cases: what fails first, then skipped ones, unknown ones, and those that pass. */
function leavesOf(suite: Suite | undefined): Status[] {
  if (suite === undefined) return [];
  const { cases, fail = 0, skip = 0, unknown = 0 } = suite;
  const odd: Status[] = [
    ...Array<Status>(fail).fill('FAIL'),
    ...Array<Status>(skip).fill('SKIP'),
    ...Array<Status>(unknown).fill('ERROR'),
  ];
  return [...odd, ...Array<Status>(Math.max(0, cases - odd.length)).fill('PASS')];
}
