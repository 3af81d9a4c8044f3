// The check of a chaos run must see what it is there to see.
import { describe, expect, it } from 'vitest';
import { checkEnd, type End, type EndNode } from './check.ts';
import { KINDS, wantedTests, type Kind } from './kinds.ts';
import type { LavaJob } from './lab.ts';

const NODE = '6b01f33f0000000000000021';

function kindOf(name: string): Kind {
  const kind = KINDS.find((k) => k.name === name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

const lavaJob = (id: number, attempt: number): LavaJob => ({
  id,
  name: `[chaos-1] ${NODE} passes v6.18 0123456789ab.${NODE}.${attempt}`,
  state: 5,
  health: 1,
  submittedAt: 0,
  startedAt: 500,
  finishedAt: 1000,
});

const test = (path: string, status: string, key = '7'): Record<string, unknown> => ({
  id: `chaos:lava-chaos-${key}-${path}`,
  path,
  status,
  misc: { maestro_viewer: `https://api.kernelci.org/viewer?node_id=${NODE}` },
});

const child = (path: string, result: string): EndNode => ({
  name: path,
  path: ['checkout', 'kbuild', 'job', ...path.split('.')],
  state: 'done',
  result,
  data: null,
});

/** What must come of a request that passes. */
function goodEnd(change: Partial<End> = {}): End {
  const tests = [...wantedTests(kindOf('passes'))].map(([path, status]) => test(path, status));
  const cases = Array.from({ length: 6 }, (_, i) => child(`smoke.case-${i}`, 'pass'));
  return {
    lavaJobs: [lavaJob(7, 1)],
    node: () => ({
      name: 'passes',
      path: ['checkout', 'kbuild', 'job'],
      state: 'done',
      result: 'pass',
      data: { job_id: '7' },
    }),
    below: () => [child('smoke', 'pass'), ...cases],
    tests,
    sentTests: tests,
    hierarchy: true,
    ...change,
  };
}

const check = (change: Partial<End>, kind = 'passes') =>
  checkEnd([{ nodeId: NODE, kind: kindOf(kind) }], goodEnd(change)).map(
    ({ what, text }) => `${what}: ${text}`,
  );

describe('the check of a run', () => {
  it('finds nothing where all is as it was asked for', () => {
    expect(check({})).toEqual([]);
  });

  it('finds a request that LAVA never got', () => {
    expect(check({ lavaJobs: [] })).toContainEqual(expect.stringMatching(/^lost: 0 of 1 attempts/));
  });

  it('finds an attempt that LAVA got twice', () => {
    expect(check({ lavaJobs: [lavaJob(6, 1), lavaJob(7, 1)] })).toEqual([
      'doubled: attempt 1 is in LAVA as 6 and 7 (passes)',
    ]);
  });

  it('finds an attempt that was not needed', () => {
    expect(check({ lavaJobs: [lavaJob(6, 1), lavaJob(7, 2)] })).toEqual([
      'doubled: 2 attempts in LAVA (6, 7), not 1 (passes)',
    ]);
  });

  it('finds a retry that was not made', () => {
    expect(check({}, 'works-on-retry')).toEqual(['lost: 1 of 2 attempts in LAVA (7) (works-on-retry)']);
  });

  it('finds a LAVA job that still runs', () => {
    expect(check({ lavaJobs: [{ ...lavaJob(7, 1), state: 3 }] })).toEqual([
      'wrong: LAVA job 7 has not ended (passes)',
    ]);
  });

  it('finds a node that did not end, and one that ended otherwise', () => {
    const node = goodEnd().node(NODE);
    if (node === undefined) throw new Error('unreachable');
    expect(check({ node: () => ({ ...node, state: 'available' }) })).toEqual([
      'lost: its node is available (passes)',
    ]);
    expect(check({ node: () => ({ ...node, result: 'fail' }) })).toEqual([
      'wrong: its node has fail (null), not pass (passes)',
    ]);
  });

  it('finds a report that never came, and one that came under two ids', () => {
    expect(check({ tests: [] })).toEqual(['lost: KCIDB has no report (passes)']);
    const { tests } = goodEnd();
    expect(check({ tests: [...tests, test('boot', 'PASS', '8')] })).toEqual([
      'doubled: in KCIDB is boot 2 times (passes)',
    ]);
  });

  it('finds a wrong status, a test that is missing, and one that was not asked for', () => {
    const { tests } = goodEnd();
    expect(check({ tests: [test('boot', 'FAIL'), ...tests.slice(1)] })).toEqual([
      'wrong: boot in KCIDB is FAIL, not PASS (passes)',
    ]);
    expect(check({ tests: tests.slice(1) })).toEqual(['lost: in KCIDB is no boot (passes)']);
    expect(check({ tests: [...tests, test('other', 'PASS')] })).toEqual([
      'wrong: in KCIDB is other, which was not asked for (passes)',
    ]);
  });

  it('finds a test that was resent with another status', () => {
    expect(check({ sentTests: [test('boot', 'PASS'), test('boot', 'FAIL')] })).toEqual([
      'wrong: chaos:lava-chaos-7-boot was sent as PASS and FAIL',
    ]);
  });

  it('finds children that were made twice', () => {
    const below = goodEnd().below(NODE);
    expect(check({ below: () => [...below, ...below] })[0]).toBe(
      'doubled: below its node is smoke 2 times (passes)',
    );
  });

  it('finds LAVA jobs and reports of requests that were not made', () => {
    const found = checkEnd([], goodEnd());
    expect(found.map(({ what, text }) => `${what}: ${text}`)).toEqual([
      'wrong: no request asked for it',
      'wrong: no request asked for it',
    ]);
  });
});
