// The cases of test/fixtures/cases: callbacks and what must be reported of them, kernel logs and what must be found in them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConsoleTriager } from '../../src/kernel-log/console-triage.ts';
import { parseCallback } from '../../src/lava/callback.ts';
import { readLogText } from '../../src/lava/log.ts';
import { createConsole } from '../../src/verdict/console.ts';
import { judge } from '../../src/verdict/judge.ts';
import type { IssueVerdict, Verdict } from '../../src/verdict/model.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'cases');

const Incident = z.strictObject({
  on: z.string(),
  culprit: z.enum(['code', 'tool', 'harness']),
  comment: z.string().optional(),
});
const Expected = z.strictObject({
  tests: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  incidents: z.array(Incident).default([]),
  no_incident: z.array(Incident).default([]),
  some_code: z.string().optional(),
  incident_count: z.number().optional(),
});
const Found = z
  .array(z.strictObject({ type: z.string().default(''), summary: z.string().default('') }))
  .default([]);
const ExpectedFindings = z.strictObject({ found: Found, not: Found });

const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(join(FOLDER, name)).map((file) => ({ folder: name, file, path: join(FOLDER, name, file) })),
  )
  .filter(({ file }) => file.endsWith('.expect.json'));

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function verdictOf(path: string): Verdict {
  const { job, log } = parseCallback(read(path));
  const console = createConsole({ cases: job.cases });
  for (const line of readLogText(log ?? '')) console.line(line);
  return judge({ ending: undefined, lava: job, console: console.end() }, undefined, {
    infrastructureStatus: 'ERROR',
  });
}

/** Type, summary and function of all that is found. */
function findingsOf(path: string): { type: string; summary: string; signature: string }[] {
  const triager = new ConsoleTriager('generic_linux_boot');
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) triager.line(line, i);
  const { logspec, own } = triager.end();
  return [
    ...logspec.errors.map((e) => ({
      type: e.error_type,
      summary: e.error_summary ?? '',
      signature: e['_signature'],
    })),
    ...own.map((f) => ({ type: f.errorType, summary: f.summary, signature: f.signature })),
  ];
}

function is(issue: IssueVerdict, { on, culprit, comment = '' }: z.infer<typeof Incident>): boolean {
  return (
    issue.testPath === on && issue.culprit?.[culprit] === true && new RegExp(comment).test(issue.comment)
  );
}

describe('callbacks', () => {
  const callbacks = cases.flatMap((c) => {
    const input = c.path.replace('.expect.json', '.json');
    const expected = Expected.safeParse(read(c.path));
    return expected.success ? [{ ...c, input, expected: expected.data }] : [];
  });

  it.each(callbacks)('$folder/$file', ({ input, expected }) => {
    const verdict = verdictOf(input);
    const tests = [verdict.boot, ...verdict.roots].flatMap((root) => [root, ...root.leaves]);

    for (const [path, statuses] of Object.entries(expected.tests)) {
      expect([statuses].flat(), path).toContain(tests.find((test) => test.path === path)?.status);
    }
    for (const wanted of expected.incidents) {
      expect(
        verdict.issues.some((issue) => is(issue, wanted)),
        JSON.stringify(wanted),
      ).toBe(true);
    }
    for (const wrong of expected.no_incident) {
      expect(
        verdict.issues.some((issue) => is(issue, wrong)),
        JSON.stringify(wrong),
      ).toBe(false);
    }
    if (expected.some_code !== undefined) {
      const text = new RegExp(expected.some_code);
      expect(verdict.issues.some((issue) => issue.culprit?.code && text.test(issue.comment))).toBe(true);
      expect(tests.some((test) => test.status === 'FAIL')).toBe(true);
    }
    if (expected.incident_count !== undefined) expect(verdict.issues).toHaveLength(expected.incident_count);
  });

  it('are all of them', () => {
    expect(callbacks.length).toBeGreaterThan(20);
  });
});

describe('kernel logs', () => {
  const logs = cases.flatMap((c) => {
    const expected = ExpectedFindings.safeParse(read(c.path));
    const named = expected.success && (expected.data.found.length > 0 || expected.data.not.length > 0);
    return named ? [{ ...c, input: c.path.replace('.expect.json', '.log'), expected: expected.data }] : [];
  });

  it.each(logs)('$folder/$file', ({ input, expected }) => {
    const found = findingsOf(input);
    const hit = ({ type, summary }: { type: string; summary: string }): boolean =>
      found.some((f) => new RegExp(type).test(f.type) && new RegExp(summary).test(f.summary));

    for (const wanted of expected.found) expect(hit(wanted), JSON.stringify(wanted)).toBe(true);
    for (const wrong of expected.not) expect(hit(wrong), JSON.stringify(wrong)).toBe(false);
  });

  const signatures = (log: string): string[] =>
    [...new Set(findingsOf(join(FOLDER, log)).map((f) => f.signature))].toSorted();

  it.each([
    ['UBSAN', '14-ubsan-all-one-issue/arm64-a.log', '14-ubsan-all-one-issue/arm64-a-again.log'],
    [
      'a hung task',
      '15-hung-tasks-all-one-issue/mutex-a.log',
      '15-hung-tasks-all-one-issue/mutex-a-again.log',
    ],
    [
      'a BUG that names its task',
      '17-preemptible-a-new-issue-each-run/run1.log',
      '17-preemptible-a-new-issue-each-run/run2.log',
    ],
  ])('have the same issue in another run: %s', (_what, one, other) => {
    expect(signatures(one)).not.toEqual([]);
    expect(signatures(one)).toEqual(signatures(other));
  });

  it.each([
    ['UBSAN', '14-ubsan-all-one-issue/arm64-a.log', '14-ubsan-all-one-issue/arm64-b.log'],
    ['hung tasks', '15-hung-tasks-all-one-issue/mutex-a.log', '15-hung-tasks-all-one-issue/mutex-b.log'],
  ])('have issues of their own where they are not related: %s', (_what, one, other) => {
    const others = new Set(signatures(other));
    expect(signatures(one).filter((signature) => others.has(signature))).toEqual([]);
  });
});
