import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../../src/reporting/kcidb-report.ts';
import { validateReport } from '../../src/kcidb/schema.ts';
import type { LavaCase, LogLine } from '../../src/lava/model.ts';
import { LAVA_HEALTHS } from '../../src/lava/model.ts';
import { createConsole } from '../../src/verdict/console.ts';
import { lacksResults } from '../../src/verdict/judge.ts';
import { STATUSES, type ExpectedTests, type Evidence, type Verdict } from '../../src/verdict/model.ts';
import { RULES } from '../../src/verdict/rules.ts';
import { definition, ended, judged, lavaCase, lavaJob, logLine, PANIC, stage, started } from './evidence.ts';

const NAMES = ['smoke', 'second', 'upload', 'a.b', 'a_b', 'boot', ''] as const;
const SUITES = NAMES.flatMap((name) => [`0_${name}`, `1_${name}`, `2_${name}`]);
const ODD = fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'binary', maxLength: 12 }));

const lavaCases = fc.array(
  fc.oneof(
    fc.record({
      suite: fc.constantFrom(...SUITES, 'monitored'),
      name: ODD,
      result: fc.constantFrom('pass', 'fail', 'skip', 'unknown'),
      set: fc.option(ODD, { nil: undefined }),
      measurement: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
      unit: fc.option(ODD, { nil: undefined }),
    }),
    fc.record({
      suite: fc.constant('lava'),
      name: fc.constantFrom(
        'validate',
        'http-download',
        'login-action',
        'auto-login-action',
        'kernel-messages',
      ),
      result: fc.constantFrom('pass', 'fail'),
    }),
    fc.record({
      suite: fc.constant('lava'),
      name: fc.constantFrom(...SUITES),
      result: fc.constantFrom('pass', 'fail'),
    }),
  ),
  { maxLength: 12 },
);

const jobCase = fc.option(
  fc.record({
    type: fc.constantFrom(
      'Infrastructure',
      'Job',
      'Test',
      'LAVATimeout',
      'MultinodeTimeout',
      'Canceled',
      'Bug',
      'Configuration',
      '',
      'Unheard of',
    ),
    message: fc.oneof(
      fc.constantFrom('auto-login-action timed out after 12 seconds', 'job timed out after 9 seconds', 'x'),
      fc.string({ unit: 'binary' }),
    ),
  }),
  { nil: undefined },
);

const logLines = fc.array(
  fc.oneof(
    fc.constantFrom(
      'U-Boot 2026.01',
      'Starting kernel ...',
      '[    0.000000] Linux version 6.18.0',
      '[    1.0] foo: bar',
      PANIC,
      'Kernel panic - not syncing: quoted',
      '+ echo Oops: x',
      '[   60.0] rcu: INFO: rcu_sched self-detected stall on CPU',
      'error: InfrastructureError: broken',
      'feedback: x',
      '',
      ...SUITES.flatMap((suite) => [started(suite), ended(suite)]),
    ),
    fc.string({ unit: 'binary' }),
  ),
  { maxLength: 30 },
);

const asks: fc.Arbitrary<ExpectedTests | undefined> = fc.option(
  fc.record({
    bootPath: fc.constantFrom('boot', 'boot.nfs'),
    roots: fc.array(
      fc.record({
        path: fc.oneof(fc.constantFrom('boot', 'boot.nfs', 'ltp', 'kselftest.dt', 'smoke', 'smoke.a_b'), ODD),
        definitions: fc.array(fc.constantFrom(...NAMES), { maxLength: 3 }),
        measurements: fc.array(ODD, { maxLength: 2 }),
      }),
      { maxLength: 4 },
    ),
    helpers: fc.array(fc.constantFrom(...NAMES), { maxLength: 2 }),
    job: fc.option(ODD, { nil: undefined }),
  }),
  { nil: undefined },
);

const evidences: fc.Arbitrary<Evidence> = fc
  .record({
    health: fc.constantFrom(...LAVA_HEALTHS),
    device: fc.option(fc.constant('qemu-01'), { nil: undefined, freq: 5 }),
    cases: lavaCases,
    jobCase,
    log: fc.option(logLines, { nil: undefined }),
    defined: fc.option(fc.array(fc.constantFrom(...NAMES), { maxLength: 4 }), { nil: undefined }),
    ending: fc.option(
      fc.record({
        kind: fc.constantFrom('rejected', 'canceled', 'timed_out', 'lost'),
        code: fc.constant('cancel' as const),
        reason: fc.string({ unit: 'binary' }),
      }),
      { nil: undefined, freq: 1 },
    ),
  })
  .map(({ health, device, cases, jobCase, log, defined, ending }) => {
    const made: LavaCase[] = cases.map((c) => lavaCase(c.suite, c.name, c.result, c));
    if (jobCase) {
      const metadata = { error_type: jobCase.type, error_msg: jobCase.message };
      made.push(lavaCase('lava', 'job', 'fail', { metadata }));
    }
    const lines = log?.map(logLine);
    return {
      ending,
      lava: lavaJob(health, made, {
        device,
        definition: defined && definition(defined.map((name) => JSON.stringify(name))),
      }),
      console: lines && readConsole(lines, made),
      complete: true,
    };
  });

function readConsole(lines: LogLine[], cases: LavaCase[]): Evidence['console'] {
  const console = createConsole({ cases });
  for (const line of lines) console.line(line);
  return console.end();
}

const CONTEXT = {
  origin: 'mylab',
  lab: 'lava-mylab',
  key: '42',
  build: { kind: 'maestro', nodeId: 'f'.repeat(24) },
} as const;

const testsOf = ({ boot, roots }: Verdict) => [boot, ...roots].flatMap((root) => [root, ...root.leaves]);

function property(check: (verdict: Verdict, evidence: Evidence) => void): void {
  fc.assert(
    fc.property(evidences, asks, (evidence, ask) => {
      fc.pre(!lacksResults(evidence));
      check(judged(evidence, ask), evidence);
    }),
    { numRuns: 500 },
  );
}

describe('any evidence', () => {
  it('fits one rule of the table, and gives each test one status and one path', () => {
    property((verdict) => {
      expect(RULES.map((rule) => rule.name)).toContain(verdict.rule);
      const tests = testsOf(verdict);
      expect(tests.every((test) => STATUSES.includes(test.status))).toBe(true);
      expect(new Set(tests.map((test) => test.path)).size).toBe(tests.length);
    });
  });

  it('fails nothing without the console or a failed case', () => {
    property((verdict, { lava, console }) => {
      const failed = testsOf(verdict).some((test) => test.status === 'FAIL');
      const onConsole = console?.segments.some((s) => s.kernel || s.handover || s.crash) ?? false;
      const inCases = lava?.cases.some((c) => c.result === 'fail') ?? false;
      expect(failed && !onConsole && !inCases).toBe(false);
    });
  });

  it('is never reported as a failure of the kernel where only the infrastructure failed', () => {
    property((verdict) => {
      if (verdict.rule !== 'infrastructure') return;
      const ownFailure = verdict.boot.leaves.some((leaf) => leaf.status === 'FAIL');
      expect(verdict.boot.status === 'FAIL' && !ownFailure).toBe(false);
      // What the kernel survived is reported in addition, never instead.
      const { issues } = verdict;
      if (issues.some((issue) => issue.culprit?.code)) {
        expect(issues.some(({ culprit }) => culprit?.harness === true || culprit?.tool === true)).toBe(true);
      }
    });
  });

  it('says why of each test that is not fine', () => {
    property(({ boot, roots }) => {
      for (const root of [boot, ...roots]) {
        const fine = ['PASS', 'SKIP', 'DONE'].includes(root.status);
        expect(root.reason === undefined).toBe(fine);
      }
    });
  });

  it('ends the node by what its tests are', () => {
    property(({ boot, roots, node }) => {
      const found = [boot, ...roots].map((root) => root.status);
      if (found.includes('FAIL')) expect(node.result).toBe('fail');
      else if (found.includes('ERROR') || found.includes('MISS')) expect(node.result).toBe('incomplete');
      else expect(['pass', 'skip']).toContain(node.result);
      expect(node.errorCode !== undefined).toBe(node.result === 'incomplete');
    });
  });

  it('becomes a valid report with issues that are all named by an incident on a test of it', () => {
    property((verdict) => {
      const doc: unknown = JSON.parse(JSON.stringify(buildReport(verdict, CONTEXT)));

      const { report, rejected } = validateReport(doc);

      expect(rejected).toEqual([]);
      const tests = new Map(report.tests?.map((test) => [test.id, test.status]));
      expect(tests.size).toBe(report.tests?.length);
      const issues = new Set(report.issues?.map((issue) => issue.id));
      const named = new Set(report.incidents?.map((incident) => incident.issue_id));
      expect(named).toEqual(issues);
      for (const { test_id } of report.incidents ?? []) {
        expect(['FAIL', 'ERROR', 'MISS']).toContain(tests.get(test_id ?? ''));
      }
    });
  });

  it('gives the same verdict whatever order its suites’ cases came in from a database', () => {
    fc.assert(
      fc.property(evidences, asks, (evidence, ask) => {
        const { lava } = evidence;
        const unique = new Map(lava?.cases.map((c) => [JSON.stringify([c.suite, c.set, c.name]), c]));
        const cases = [...unique.values()];
        const shuffle = (list: LavaCase[]): Evidence => ({
          ...evidence,
          lava: lava && { ...lava, cases: list },
        });

        const a = judged(shuffle(cases), ask);
        const b = judged(shuffle(cases.toReversed()), ask);

        const plain = (v: Verdict) => Object.fromEntries(testsOf(v).map((t) => [t.path, t.status]));
        expect(plain(b)).toEqual(plain(a));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the paths of a root’s cases when another case joins them', () => {
    fc.assert(
      fc.property(
        fc.array(ODD, { maxLength: 6 }),
        fc.string({ minLength: 13, maxLength: 20 }),
        (names, extra) => {
          const pathsOf = (list: string[]): Map<string, string> => {
            const cases = list.map((name) => lavaCase('0_smoke', name));
            const lava = lavaJob('Complete', [...cases, stage('0_smoke')], {
              definition: definition(['smoke']),
            });
            return new Map(judged({ lava }).roots[0]?.leaves.map((leaf) => [leaf.lava.name, leaf.path]));
          };
          const clean = extra.replace(/[^a-z]/g, 'q');

          const before = pathsOf([...names, 'z']);
          const after = pathsOf([...names, 'z', clean]);

          for (const [name, path] of before) expect(after.get(name)).toBe(path);
        },
      ),
      { numRuns: 200 },
    );
  });
});
