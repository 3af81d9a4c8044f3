import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LavaCase } from '../../src/lava/model.ts';
import type { ExpectedTests, LeafVerdict } from '../../src/verdict/model.ts';
import {
  ask,
  BOOT,
  consoleOf,
  definition,
  ended,
  jobError,
  jobPassed,
  judged,
  lavaCase,
  lavaJob,
  login,
  SHELL,
  stage,
  START,
  started,
} from './evidence.ts';

const sha = (name: string): string => createHash('sha1').update(name).digest('hex').slice(0, 4);

/** The leaves of a complete job with one suite. */
function leaves(cases: LavaCase[], asked?: ExpectedTests, name = 'smoke'): LeafVerdict[] {
  const lava = lavaJob('Complete', [login(), ...cases, stage(`0_${name}`), jobPassed()], {
    definition: definition([name]),
  });
  const { boot, roots } = judged({ lava }, asked);
  return [boot, ...roots].flatMap((root) => root.leaves);
}

const paths = (...args: Parameters<typeof leaves>): string[] => leaves(...args).map((leaf) => leaf.path);

describe('paths', () => {
  it('are cleaned segment by segment, dots included', () => {
    const names = ['a.b/c', 'with space', 'ünïcode', 'an 🙂', 'ok_name-1', ''];

    expect(paths(names.map((name) => lavaCase('0_smoke', name)))).toEqual([
      'smoke.a_b_c',
      'smoke.with_space',
      'smoke._n_code',
      'smoke.an__',
      'smoke.ok_name-1',
      'smoke._',
    ]);
  });

  it('leave the name to the case that needed no cleaning, and distinguish the others by their sha1', () => {
    const names = ['a_b', 'a.b', 'a/b'];

    expect(paths(names.map((name) => lavaCase('0_smoke', name)))).toEqual([
      'smoke.a_b',
      `smoke.a_b_${sha('a.b')}`,
      `smoke.a_b_${sha('a/b')}`,
    ]);
    expect(paths(['a.b', 'a/b'].map((name) => lavaCase('0_smoke', name)))).toEqual([
      `smoke.a_b_${sha('a.b')}`,
      `smoke.a_b_${sha('a/b')}`,
    ]);
  });

  it('do not depend on the order of the cases', () => {
    const names = ['a/b', 'a.b', 'a_b', 'c'];
    const cases = names.map((name) => lavaCase('0_smoke', name));

    expect(new Set(paths(cases.toReversed()))).toEqual(new Set(paths(cases)));
  });

  it('have the set between suite and case', () => {
    const cases = [
      lavaCase('0_smoke', 'a', 'pass', { set: 'set.one' }),
      lavaCase('0_smoke', 'a', 'pass', { set: 'set-two' }),
      lavaCase('0_smoke', 'a'),
    ];

    expect(paths(cases)).toEqual(['smoke.set_one.a', 'smoke.set-two.a', 'smoke.a']);
  });

  it.each([
    ['names the root', { smoke: ['smoke'] }, undefined, 'smoke', 'smoke.a'],
    [
      'names the root with other separators',
      { 'kselftest.dt': ['kselftest-dt'] },
      undefined,
      'kselftest-dt',
      'kselftest.dt.a',
    ],
    ['names the job', { ltp: ['ltp-smoke'] }, 'ltp-smoke', 'ltp-smoke', 'ltp.a'],
    ['says something of its own', { ltp: ['syscalls'] }, 'ltp-smoke', 'syscalls', 'ltp.syscalls.a'],
    ['is of the boot', { boot: ['dmesg'] }, 'baseline-arm64', 'dmesg', 'boot.dmesg.a'],
  ])('have the suite unless it %s', (_what, roots, job, suite, path) => {
    expect(paths([lavaCase(`0_${suite}`, 'a')], ask(roots, { job }), suite)).toEqual([path]);
  });

  it('are kept apart where a set, a suite or another root would lead to the same', () => {
    const cases = [lavaCase('0_smoke', 'x', 'pass', { set: 'y' }), lavaCase('1_y', 'x')];
    const lava = lavaJob('Complete', [login(), ...cases, stage('0_smoke'), stage('1_y'), jobPassed()], {
      definition: definition(['smoke', 'y']),
    });

    const inOne = judged({ lava }, ask({ smoke: ['smoke', 'y'] }));
    const inTwo = judged({ lava }, ask({ smoke: ['smoke'], 'smoke.y': ['y'], 'smoke.y.x': ['z'] }));

    for (const { boot, roots } of [inOne, inTwo]) {
      const all = [boot, ...roots].flatMap((root) => [root, ...root.leaves]).map((test) => test.path);
      expect(new Set(all).size).toBe(all.length);
    }
  });

  it('are two where one suite is called as the root and one as the job: neither hides the other', () => {
    const cases = [lavaCase('0_ltp', 'x', 'fail'), lavaCase('1_ltp-smoke', 'x')];
    const lava = lavaJob('Complete', [login(), ...cases, jobPassed()], {
      definition: definition(['ltp', 'ltp-smoke']),
    });

    const [root] = judged({ lava }, ask({ ltp: ['ltp', 'ltp-smoke'] }, { job: 'ltp-smoke' })).roots;

    expect(root?.status).toBe('FAIL');
    expect(root?.leaves.map((leaf) => [leaf.path.slice(0, 5), leaf.status])).toEqual([
      ['ltp.x', 'FAIL'],
      ['ltp.x', 'PASS'],
    ]);
    expect(new Set(root?.leaves.map((leaf) => leaf.path)).size).toBe(2);
  });

  it('share a root where two definitions have one name', () => {
    const cases = [lavaCase('0_smoke', 'a'), lavaCase('1_smoke', 'b')];
    const lava = lavaJob('Complete', [login(), ...cases, stage('0_smoke'), stage('1_smoke'), jobPassed()], {
      definition: definition(['smoke', 'smoke']),
    });

    expect(judged({ lava }).roots.map((r) => [r.path, r.leaves.map((l) => l.path)])).toEqual([
      ['smoke', ['smoke.a', 'smoke.b']],
    ]);
  });

  it('of a suite that was not planned are below the only test, else below one of their own', () => {
    const cases = [login(), lavaCase('0_smoke', 'a'), lavaCase('1_odd', 'b'), stage('0_smoke'), jobPassed()];
    const lava = lavaJob('Complete', cases, { definition: undefined });

    const one = judged({ lava }, ask({ smoke: ['smoke'] }));
    const two = judged({ lava }, ask({ smoke: ['smoke'], boot: ['dmesg'] }));

    expect(one.roots.flatMap((r) => r.leaves.map((l) => l.path))).toEqual(['smoke.a', 'smoke.odd.b']);
    expect(two.roots.flatMap((r) => r.leaves.map((l) => l.path))).toEqual(['smoke.a', 'odd.b']);
  });

  it('take only one number off a suite, since a name may begin with digits', () => {
    expect(paths([lavaCase('0_9p_test', 'a')], undefined, '9p_test')).toEqual(['9p_test.a']);
  });

  it('know a suite without LAVA’s number', () => {
    const cases = [login(), lavaCase('monitored', 'a'), jobPassed()];
    const lava = lavaJob('Complete', cases, {
      definition: 'actions:\n- test:\n    monitors:\n    - {name: monitored, start: a, end: b, pattern: c}\n',
    });

    expect(judged({ lava }).roots.map((r) => [r.path, r.status])).toEqual([['monitored', 'PASS']]);
  });
});

describe('statuses', () => {
  it.each([
    ['pass', 'PASS', {}],
    ['fail', 'FAIL', {}],
    ['skip', 'SKIP', {}],
    ['unknown', 'ERROR', { lava_result: 'unknown' }],
  ] as const)('say %s as %s', (result, status, misc) => {
    expect(leaves([lavaCase('0_smoke', 'a', result)])[0]).toMatchObject({ status, misc });
  });

  it('count the last of several results, and name the others', () => {
    const results = ['fail', 'unknown', 'pass'] as const;

    const [leaf, ...more] = leaves(results.map((result) => lavaCase('0_smoke', 'a', result)));

    expect(more).toEqual([]);
    expect(leaf).toMatchObject({ status: 'PASS', misc: { earlier_results: ['fail', 'unknown'] } });
  });

  const missing = { metadata: { extra: "missing expected test cases are reported as 'fail' by LAVA" } };

  it('say ERROR of an expected case that never came, MISS if its suite was cut short', () => {
    const cut = lavaJob('Incomplete', [
      login(),
      lavaCase('0_smoke', 'a', 'fail', missing),
      stage('0_smoke', 'fail'),
      jobError('Test'),
    ]);

    expect(leaves([lavaCase('0_smoke', 'a', 'fail', missing)])[0]?.status).toBe('ERROR');
    expect(judged({ lava: cut }).roots[0]).toMatchObject({ status: 'ERROR', leaves: [{ status: 'MISS' }] });
  });

  it('know that reason in the list of single keys that LAVA exports', () => {
    const extra = [{ reason: "missing expected test cases are reported as 'fail' by LAVA" }];

    expect(leaves([lavaCase('0_smoke', 'a', 'fail', { metadata: { extra } })])[0]?.status).toBe('ERROR');
  });
});

describe('measurements', () => {
  const measured = lavaCase('0_smoke', 'speed', 'pass', { measurement: 0.1, unit: 'MB/s' });
  const root = { path: 'smoke', definitions: ['smoke'], measurements: ['speed'] };

  it('are numbers of tests that pass', () => {
    expect(leaves([measured])[0]).toMatchObject({ status: 'PASS', number: { value: 0.1, unit: 'MB/s' } });
  });

  it('are DONE only where the plan says that the case is one', () => {
    const asked = ask({}, { roots: [root] });
    const failed = lavaCase('0_smoke', 'speed', 'fail', { measurement: 1 });

    expect(leaves([measured], asked)[0]?.status).toBe('DONE');
    expect(leaves([failed], asked)[0]?.status).toBe('FAIL');
    expect(leaves([lavaCase('0_smoke', 'speed')], asked)[0]?.status).toBe('PASS');
  });
});

describe('times', () => {
  it('are those of the case’s lines in the log', () => {
    const cases = [
      lavaCase('0_smoke', 'a', 'fail', { startLine: 8, endLine: 10, loggedAt: START + 99_000 }),
      lavaCase('0_smoke', 'b', 'pass', { startLine: 11, endLine: 11 }),
      lavaCase('0_smoke', 'c', 'pass', { loggedAt: START + 99_000 }),
    ];
    const log = [
      ...BOOT,
      ...SHELL,
      started('0_smoke'),
      '<LAVA_SIGNAL_STARTTC a>',
      'no such file',
      '<LAVA_SIGNAL_ENDTC a>',
      'b',
      ended('0_smoke'),
    ];
    const lava = lavaJob('Complete', [login(), ...cases, stage('0_smoke'), jobPassed()], {
      definition: definition(['smoke']),
    });

    const found = judged({ lava, console: consoleOf(log, cases) }).roots[0]?.leaves;

    expect(found?.map((l) => [l.startedAt, l.duration, l.excerpt])).toEqual([
      [START + 8000, 2000, 'no such file'],
      [START + 11_000, undefined, undefined],
      [START + 99_000, undefined, undefined],
    ]);
  });
});
