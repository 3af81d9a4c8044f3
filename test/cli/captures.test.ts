// What real LAVAs posted (test/fixtures/callbacks), with the verdict that the table of docs/verdicts.md asks for: worked
// out by hand from what LAVA recorded and the board wrote, not copied from what the program says.
import { readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { translate } from '../../src/cli/translate.ts';
import { buildReport } from '../../src/reporting/kcidb-report.ts';
import { KcidbReport } from '../../src/kcidb/schema.ts';
import { parseCallback } from '../../src/lava/callback.ts';
import { readLogText } from '../../src/lava/log.ts';
import type { LavaJob } from '../../src/lava/model.ts';
import { parseAllResults } from '../../src/lava/results.ts';
import { decodeAnswer } from '../../src/lava/xmlrpc-codec.ts';
import { createConsole } from '../../src/verdict/console.ts';
import { explainVerdict } from '../../src/verdict/explanation.ts';
import { judge } from '../../src/verdict/judge.ts';
import { newFolder } from '../support/folder.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

interface Expected {
  rule: string;
  /** `status path`, the boot first, then each root with its leaves. */
  tests: string[];
  /** `path: who`, of each issue. */
  issues: string[];
  node: string;
}

const smokePasses: Expected = {
  rule: 'complete',
  tests: ['PASS boot', 'PASS smoke', 'PASS smoke.on-tagged-device'],
  issues: [],
  node: 'pass',
};
const kernelUrl404: Expected = {
  rule: 'no-kernel-started',
  tests: ['MISS boot', 'MISS smoke'],
  issues: ['boot: harness'],
  node: 'incomplete, Job',
};
const panicAtBoot: Expected = {
  rule: 'crashed-in-boot',
  tests: ['FAIL boot', 'MISS smoke'],
  issues: ['boot: kernel'],
  node: 'fail',
};
const canceledInTest: Expected = {
  rule: 'canceled',
  tests: ['PASS boot', 'ERROR long', 'PASS long.started'],
  issues: [],
  node: 'incomplete, Canceled',
};
const canceledInQueue: Expected = {
  rule: 'never-ran',
  tests: ['MISS boot', 'MISS long'],
  issues: [],
  node: 'incomplete, Canceled',
};
const cutInTest = (suite: string): Expected => ({
  rule: 'test-cut-short',
  tests: ['PASS boot', `ERROR ${suite}`, `PASS ${suite}.before`],
  issues: [`${suite}: tool`],
  node: 'incomplete, Test',
});
const mixed: Expected = {
  rule: 'complete',
  tests: [
    'PASS boot',
    'FAIL smoke',
    'PASS smoke.pass-by-command',
    'FAIL smoke.fail-by-command',
    'PASS smoke.pass-by-result',
    'FAIL smoke.fail-by-result',
    'SKIP smoke.skipped',
    'ERROR smoke.unknown',
    'PASS smoke.measured',
    'PASS smoke.uptime',
    'PASS smoke.set-one.in-set',
    'FAIL smoke.set-one.in-set-failing',
    'PASS smoke.uname',
    'PASS second-suite',
    'PASS second-suite.only-case',
  ],
  issues: [],
  node: 'fail',
};
const panicInTest: Expected = {
  rule: 'crashed-in-test',
  tests: ['PASS boot', 'FAIL panic', 'PASS panic.before'],
  issues: ['panic: kernel'],
  node: 'fail',
};
/** Of tests with `expected` cases that never began: LAVA stored a fail for each of them. */
const neverBegan = [
  'MISS smoke',
  'MISS smoke.came',
  'MISS smoke.failed',
  'MISS smoke.never-came',
  'MISS second',
  'MISS second.second-a',
  'MISS second.second-b',
  'MISS third',
  'MISS third.third-a',
];
/** LAVA forced two cases that no one expected to fail: the board's own signals say what they were. */
const smokeWithForced = [
  'FAIL smoke',
  'PASS smoke.came',
  'FAIL smoke.failed',
  'PASS smoke.unasked',
  'SKIP smoke.unasked-skip',
];

/** By the fixture's name. */
const EXPECTED: Record<string, Expected> = {
  'boot-panic': panicAtBoot,
  'boot-panic-hang': panicAtBoot,
  'canceled-running': canceledInTest,
  'canceled-waiting': canceledInQueue,
  complete: mixed,
  'dataset-results': smokePasses,
  'deploy-404': kernelUrl404,
  killed: {
    rule: 'infrastructure',
    tests: ['PASS boot', 'ERROR long', 'PASS long.started'],
    issues: ['long: harness'],
    node: 'incomplete, Infrastructure',
  },
  multinode: {
    rule: 'complete',
    tests: [
      'PASS boot',
      'PASS serving',
      'PASS serving.multinode-sync-booted',
      'PASS serving.served',
      'PASS serving.multinode-send-done',
    ],
    issues: [],
    node: 'pass',
  },
  'queue-timeout': canceledInQueue,
  tagged: smokePasses,
  'test-panic': panicInTest,
  'test-raise': cutInTest('raiser'),
  'test-timeout': cutInTest('sleeper'),
  validation: { ...kernelUrl404, tests: ['MISS boot', 'MISS smoke', 'MISS second-suite'] },

  '2026.10/boot-panic': panicAtBoot,
  '2026.10/boot-panic-hang': panicAtBoot,
  '2026.10/complete': mixed,
  '2026.10/deploy-404': kernelUrl404,
  '2026.10/killed': {
    rule: 'infrastructure',
    tests: ['ERROR boot', 'ERROR long'],
    issues: ['boot: harness'],
    node: 'incomplete, Infrastructure',
  },
  '2026.10/expected': {
    rule: 'test-cut-short',
    tests: [
      'PASS boot',
      ...smokeWithForced,
      'ERROR smoke.never-came',
      'ERROR second',
      'MISS second.second-a',
      'MISS second.second-b',
      'MISS third',
      'MISS third.third-a',
    ],
    issues: ['second: tool'],
    node: 'fail',
  },
  '2026.10/expected-404': { ...kernelUrl404, tests: ['MISS boot', ...neverBegan] },
  '2026.10/expected-panic': { ...panicAtBoot, tests: ['FAIL boot', ...neverBegan] },
  '2026.10/expected-panic-hang': { ...panicAtBoot, tests: ['FAIL boot', ...neverBegan] },
  '2026.10/expected-unasked': {
    rule: 'complete',
    tests: [
      'PASS boot',
      ...smokeWithForced,
      'PASS second',
      'PASS second.second-a',
      'PASS second.second-b',
      'PASS third',
      'PASS third.third-a',
    ],
    issues: [],
    node: 'fail',
  },
  '2026.10/queue-timeout': canceledInQueue,
  '2026.10/signal-broken': cutInTest('smoke'),
  '2026.10/test-panic': panicInTest,
};

/** Finished on a device, but sent without results. */
const WITHOUT_RESULTS = ['dataset-logs', 'dataset-minimal'];

const UNFINISHED = ['running', '2026.10/running'];

/** What `--explain` says, taken apart again: it is what people go by. */
function readExplanation(text: string): Expected {
  const lines = text.split('\n');
  const issues = lines.flatMap((line) => {
    const [, path, who] = /^issue on (\S+): .* \((\w+), [0-9a-f]{12}\)$/.exec(line) ?? [];
    return path === undefined ? [] : [`${path}: ${who ?? ''}`];
  });
  const node = /^node: (?:pass|fail|skip|incomplete, \w+)/.exec(lines.findLast((l) => l !== '') ?? '')?.[0];
  return {
    rule: /^rule ([a-z-]+): /.exec(text)?.[1] ?? '',
    tests: lines.flatMap((line) => {
      const [, status, path] = /^([A-Z]{4,5}) +(\S+)/.exec(line) ?? [];
      return path === undefined ? [] : [`${status ?? ''} ${path}`];
    }),
    issues,
    node: node?.slice('node: '.length) ?? '',
  };
}

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});

async function explain(body: unknown): Promise<string> {
  const callback = join(folder, 'callback.json');
  await writeFile(callback, JSON.stringify(body));
  const { verdict, report } = await translate({ callback, format: 'kcidb', infrastructureStatus: 'ERROR' });
  expect(KcidbReport.safeParse(report).success).toBe(true);
  return explainVerdict(verdict);
}

function reportOf(lava: LavaJob, log: string): KcidbReport {
  const console = createConsole({ cases: lava.cases });
  for (const line of readLogText(log)) console.line(line);
  const verdict = judge({ ending: undefined, lava, console: console.end() }, undefined, {
    infrastructureStatus: 'ERROR',
  });
  return buildReport(verdict, {
    origin: 'mylab',
    lab: 'lava-mylab',
    key: String(lava.id),
    build: { kind: 'maestro', nodeId: '66c0ffee0000000000000002' },
    startedAt: lava.startedAt,
  });
}

function bodyOf(name: string): unknown {
  return JSON.parse(readFileSync(join(FIXTURES, 'callbacks', `${name}.json`), 'utf8'));
}

describe('a captured callback', () => {
  it.each(Object.entries(EXPECTED))('%s gets its verdict', async (name, expected) => {
    expect(readExplanation(await explain(bodyOf(name)))).toEqual(expected);
  });

  it.each(WITHOUT_RESULTS)('%s gives no verdict: its results are not there', async (name) => {
    await expect(explain(bodyOf(name))).rejects.toMatchObject({ code: 'no_results' });
  });

  it.each(UNFINISHED)('%s gives no verdict before its end', async (name) => {
    await expect(explain(bodyOf(name))).rejects.toMatchObject({ code: 'not_finished' });
  });

  // When a callback was lost or too large, the same results are fetched by XML-RPC.
  it.each([
    'complete',
    'boot-panic',
    'boot-panic-hang',
    'deploy-404',
    'killed',
    'tagged',
    'test-panic',
    'test-raise',
    'test-timeout',
  ])('%s becomes the same report when its results are fetched', async (name) => {
    const told = parseCallback(bodyOf(name));
    const xml = readFileSync(join(FIXTURES, 'lava', 'xmlrpc', `results.${name}.response.xml`));
    const answer = await decodeAnswer(xml);
    const cases = parseAllResults('value' in answer ? String(answer.value) : '');

    const fetched = reportOf({ ...told.job, cases }, told.log ?? '');

    expect(fetched).toEqual(reportOf(told.job, told.log ?? ''));
  });

  it('of LAVA 2023.01 is in one of these lists', () => {
    const names = readdirSync(join(FIXTURES, 'callbacks')).filter((name) => name.endsWith('.json'));
    const listed = [...Object.keys(EXPECTED), ...WITHOUT_RESULTS, ...UNFINISHED];

    expect(names.map((name) => name.replace('.json', '')).filter((name) => !listed.includes(name))).toEqual(
      [],
    );
  });
});
