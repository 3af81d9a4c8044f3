// The jobs of the end-to-end run: what is asked for, and what must be reported of it.
import type { ErrorCode, NodeResult } from '../../src/verdict/node-result.ts';
import type { RuleName, Status } from '../../src/verdict/model.ts';

export interface E2eCase {
  /** The name of Maestro's job. */
  name: string;
  /** A board of device-types/. */
  board: string;
  /** By id: the commands of a shell test, or the boot itself as the test. */
  tests: Record<string, string[] | 'boot'>;
  /** For each of the tests, seconds. */
  timeout?: number;
  /** The build names a kernel that is not there. */
  kernelMissing?: true;
  expected: Expected;
}

export interface Expected {
  rule: RuleName;
  boot: Status;
  /** The root `shell`, if it was asked for. */
  shell?: Status;
  /** Below `shell`, by path. */
  leaves?: Record<string, Status>;
  result: NodeResult;
  errorCode?: ErrorCode;
  /** Whose fault an incident says it is, and the test that it stands on. */
  incident?: { on: 'boot' | 'shell'; culprit: 'code' | 'tool' | 'harness' };
  /** 1 if it is not there. */
  lavaJobs?: 0;
  /** What the served console holds; without it the job has none. */
  console?: RegExp;
  /** How results and log come to us if callbacks are evidence; where they are hints, all is fetched. */
  evidence?: 'callback' | 'fetched';
}

const SYSRQ_PANIC = [
  'lava-test-case before --result pass',
  'echo 1 > /proc/sys/kernel/sysrq',
  'echo c > /proc/sysrq-trigger',
];
const ONE_PASS = { smoke: ['lava-test-case kernel --shell uname -a'] };
const PASSED: Expected = {
  rule: 'complete',
  boot: 'PASS',
  shell: 'PASS',
  leaves: { 'shell.smoke.kernel': 'PASS' },
  result: 'pass',
  console: /RESULT=pass/,
};

const EVERY_KIND: Pick<E2eCase, 'tests' | 'expected'> = {
  tests: {
    smoke: [
      'lava-test-case passes --shell true',
      'lava-test-case fails --shell false',
      'lava-test-case skipped --result skip',
      'lava-test-case unknown --result unknown',
      'lava-test-case measured --result pass --measurement 12.5 --units ms',
      'lava-test-set start set-one',
      'lava-test-case in-set --result pass',
      'lava-test-set stop',
    ],
    second: ['lava-test-case kernel --shell uname -a'],
  },
  expected: {
    rule: 'complete',
    boot: 'PASS',
    shell: 'FAIL',
    leaves: {
      'shell.smoke.passes': 'PASS',
      'shell.smoke.fails': 'FAIL',
      'shell.smoke.skipped': 'SKIP',
      'shell.smoke.unknown': 'ERROR',
      'shell.smoke.measured': 'PASS',
      'shell.smoke.set-one.in-set': 'PASS',
      'shell.second.kernel': 'PASS',
    },
    result: 'fail',
    console: /Linux version \d/,
  },
};

const LONG: Pick<E2eCase, 'board' | 'tests'> = {
  board: 'qemu-tagged',
  tests: {
    smoke: ['lava-test-case started --result pass', 'for i in $(seq 1 150); do echo tick $i; sleep 1; done'],
  },
};

/** Those that are published and end by themselves. */
export const PLAIN_CASES: readonly E2eCase[] = [
  {
    name: 'every-kind-of-case',
    board: 'qemu-x86_64',
    tests: EVERY_KIND.tests,
    expected: { ...EVERY_KIND.expected, evidence: 'callback' },
  },
  {
    name: 'boot-alone',
    board: 'qemu-x86_64',
    tests: { login: 'boot' },
    expected: { rule: 'complete', boot: 'PASS', result: 'pass', console: /Linux version \d/ },
  },
  {
    name: 'panic-in-a-test',
    board: 'qemu-no-reboot',
    tests: { smoke: SYSRQ_PANIC },
    timeout: 60,
    expected: {
      rule: 'crashed-in-test',
      boot: 'PASS',
      shell: 'FAIL',
      leaves: { 'shell.smoke.before': 'PASS' },
      result: 'fail',
      incident: { on: 'shell', culprit: 'code' },
      console: /Kernel panic - not syncing: sysrq triggered crash/,
    },
  },
  {
    name: 'panic-at-boot',
    board: 'qemu-no-init',
    tests: ONE_PASS,
    expected: {
      rule: 'crashed-in-boot',
      boot: 'FAIL',
      shell: 'MISS',
      result: 'fail',
      incident: { on: 'boot', culprit: 'code' },
      console: /Kernel panic - not syncing: VFS/,
    },
  },
  {
    name: 'panic-and-hang',
    board: 'qemu-no-init-hang',
    tests: ONE_PASS,
    expected: {
      rule: 'crashed-in-boot',
      boot: 'FAIL',
      shell: 'MISS',
      result: 'fail',
      incident: { on: 'boot', culprit: 'code' },
      console: /Kernel panic - not syncing: VFS/,
    },
  },
  {
    name: 'kernel-not-there',
    board: 'qemu-x86_64',
    tests: ONE_PASS,
    kernelMissing: true,
    expected: {
      rule: 'no-kernel-started',
      boot: 'MISS',
      shell: 'MISS',
      result: 'incomplete',
      errorCode: 'Job',
      incident: { on: 'boot', culprit: 'harness' },
    },
  },
  {
    name: 'test-hangs',
    board: 'qemu-x86_64',
    tests: { smoke: ['lava-test-case before --result pass', 'sleep 3600'] },
    timeout: 10,
    expected: {
      rule: 'test-cut-short',
      boot: 'PASS',
      shell: 'ERROR',
      leaves: { 'shell.smoke.before': 'PASS' },
      result: 'incomplete',
      errorCode: 'Test',
      incident: { on: 'shell', culprit: 'tool' },
      console: /TEST_CASE_ID=before/,
    },
  },
  {
    name: 'test-raises',
    board: 'qemu-x86_64',
    tests: { smoke: ['lava-test-case before --result pass', 'lava-test-raise no-such-hardware'] },
    expected: {
      rule: 'test-cut-short',
      boot: 'PASS',
      shell: 'ERROR',
      leaves: { 'shell.smoke.before': 'PASS' },
      result: 'incomplete',
      errorCode: 'Test',
      incident: { on: 'shell', culprit: 'tool' },
      console: /TEST_CASE_ID=before/,
    },
  },
  {
    name: 'refused-by-lava',
    board: 'qemu-no-group',
    tests: ONE_PASS,
    expected: {
      rule: 'never-ran',
      boot: 'MISS',
      shell: 'MISS',
      result: 'incomplete',
      errorCode: 'submit_error',
      incident: { on: 'boot', culprit: 'harness' },
      lavaJobs: 0,
    },
  },
];

/** Its callback is lost: LAVA sends it once. The same must come out. */
export const CALLBACK_LOST: E2eCase = {
  name: 'callback-lost',
  board: 'qemu-x86_64',
  tests: EVERY_KIND.tests,
  expected: { ...EVERY_KIND.expected, evidence: 'fetched' },
};

/** The daemon is killed right after it answered the callback. */
export const DAEMON_KILLED: E2eCase = {
  name: 'daemon-killed',
  board: 'qemu-x86_64',
  tests: ONE_PASS,
  expected: { ...PASSED, evidence: 'callback' },
};

/** Waits while its board is drained, and goes on when it is not. */
export const DRAINED: E2eCase = { name: 'drained-arm64', board: 'qemu-arm64', ...EVERY_KIND };

/** Waits as well, and is ended by Maestro before we claimed it. */
export const ENDED_IN_MAESTRO: Omit<E2eCase, 'expected'> = {
  name: 'ended-in-maestro',
  board: 'qemu-arm64',
  tests: ONE_PASS,
};

export const CANCELLED_RUNNING: E2eCase = {
  ...LONG,
  name: 'cancelled-running',
  expected: {
    rule: 'canceled',
    boot: 'PASS',
    shell: 'ERROR',
    leaves: { 'shell.smoke.started': 'PASS' },
    result: 'incomplete',
    errorCode: 'Canceled',
    console: /tick 3/,
  },
};

export const CANCELLED_IN_QUEUE: E2eCase = {
  ...LONG,
  name: 'cancelled-in-queue',
  expected: { rule: 'never-ran', boot: 'MISS', shell: 'MISS', result: 'incomplete', errorCode: 'Canceled' },
};

/** A newer commit of the same job takes its place in LAVA's queue. */
export const SUPERSEDED: E2eCase = { ...CANCELLED_IN_QUEUE, name: 'superseded' };

/** The lab has no such device for our user: it waits until it is cancelled. */
export const RESTRICTED: E2eCase = {
  name: 'restricted-type',
  board: 'qemu-restricted',
  tests: ONE_PASS,
  expected: {
    rule: 'never-ran',
    boot: 'MISS',
    shell: 'MISS',
    result: 'incomplete',
    errorCode: 'Canceled',
    lavaJobs: 0,
  },
};
