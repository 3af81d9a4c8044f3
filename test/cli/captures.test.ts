// Every body that a real LAVA posted in the lab's captures, with the verdict that the table of docs/verdicts.md asks
// for: worked out by hand from what LAVA recorded and the board wrote, not copied from what the program says. The
// captures of each kind stand in test/fixtures/callbacks; this is for all of them, where they are at hand.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

const ROOT = join(import.meta.dirname, '..', '..');
const SHARED = process.env['LAVA_BRIDGE_SHARED'] ?? resolve(ROOT, '..', 'shared');
const CAPTURES = [SHARED, resolve(ROOT, '..', '..', 'shared')]
  .map((shared) => join(shared, 'lavalab', 'captures', 'callbacks'))
  .find((folder) => existsSync(folder));

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
const multinode = (suite: string, ...cases: string[]): Expected => ({
  rule: 'complete',
  tests: ['PASS boot', `PASS ${suite}`, ...cases.map((name) => `PASS ${suite}.${name}`)],
  issues: [],
  node: 'pass',
});

const EXPECTED: Record<string, Expected> = {
  'answers-500-2': smokePasses,
  'boot-panic-2': panicAtBoot,
  'boot-panic-hang-2': panicAtBoot,
  'boot-test-3': {
    ...kernelUrl404,
    tests: ['MISS boot', 'MISS smoke', 'MISS second-suite'],
  },
  'boot-test-4': {
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
  },
  'busy-2': canceledInTest,
  'dataset-results-2': smokePasses,
  'deploy-404-2': kernelUrl404,
  'finished-only-1': smokePasses,
  'incomplete-only-1': kernelUrl404,
  'killed-2': {
    rule: 'infrastructure',
    tests: ['PASS boot', 'ERROR long', 'PASS long.started'],
    issues: ['long: harness'],
    node: 'incomplete, Infrastructure',
  },
  'long-4': canceledInQueue,
  'long-5': canceledInTest,
  'long-6': canceledInQueue,
  'long-7': canceledInTest,
  'long-8': canceledInTest,
  'multinode-3': multinode('serving', 'multinode-sync-booted', 'served', 'multinode-send-done'),
  'multinode-4': multinode('asking', 'multinode-sync-booted', 'multinode-wait-done', 'asked'),
  'other-header-2': smokePasses,
  'private-2': kernelUrl404,
  'queue-timeout-1': canceledInQueue,
  'slow-answer-2': smokePasses,
  'tagged-2': smokePasses,
  'test-panic-2': {
    rule: 'crashed-in-test',
    tests: ['PASS boot', 'FAIL panic', 'PASS panic.before'],
    issues: ['panic: kernel'],
    node: 'fail',
  },
  'test-raise-2': cutInTest('raiser'),
  'test-timeout-2': cutInTest('sleeper'),
  'two-callbacks-first-2': smokePasses,
  'unknown-token-2': smokePasses,
};

/** Finished on a device, but sent without results. */
const WITHOUT_RESULTS = ['dataset-logs-2', 'dataset-minimal-2', 'two-callbacks-second-2'];

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
  folder = await mkdtemp(join(tmpdir(), 'captures-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
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

if (CAPTURES !== undefined) {
  const from = CAPTURES;
  const bodies = readdirSync(from).flatMap((name) => {
    const { json } = JSON.parse(readFileSync(join(from, name), 'utf8')) as {
      json: { state_string: string } | null;
    };
    return json === null ? [] : [{ name: name.replace('.json', ''), json }];
  });

  describe('the captures of the lab', () => {
    it.each(bodies.filter(({ name }) => name in EXPECTED))('$name', async ({ name, json }) => {
      expect(readExplanation(await explain(json))).toEqual(EXPECTED[name]);
    });

    it.each(bodies.filter(({ name }) => WITHOUT_RESULTS.includes(name)))(
      '$name gives no verdict: its results are not there',
      async ({ json }) => {
        await expect(explain(json)).rejects.toThrow(/results are not here/);
      },
    );

    it.each(bodies.filter(({ json }) => json.state_string !== 'Finished'))(
      '$name gives no verdict before its end',
      async ({ json }) => {
        await expect(explain(json)).rejects.toThrow(/nothing is told before LAVA says Finished/);
      },
    );

    // What was fetched when a callback was lost or too large: the same results by XML-RPC, and the log of the same job.
    it.each([
      ['boot-test-4', 'testjob-yaml', 'boot-test'],
      ['boot-panic-2', 'boot-panic', 'boot-panic'],
      ['boot-panic-hang-2', 'boot-panic-hang', 'boot-panic-hang'],
      ['deploy-404-2', 'deploy-404', 'deploy-404'],
      ['killed-2', 'killed', 'killed'],
      ['test-panic-2', 'test-panic', 'test-panic'],
      ['test-raise-2', 'test-raise', 'test-raise'],
      ['test-timeout-2', 'test-timeout', 'test-timeout'],
      ['tagged-2', 'tagged', 'tagged'],
    ])('%s becomes the same report when its evidence is fetched', async (name, results, log) => {
      const { json } = bodies.find((body) => body.name === name) ?? {};
      const told = parseCallback(json);
      const xml = readFileSync(join(from, '..', 'xmlrpc', `results.${results}.response.xml`));
      const answer = await decodeAnswer(xml);
      const fetched = parseAllResults('value' in answer ? String(answer.value) : '');
      const text = readFileSync(join(from, '..', 'logs', `${log}.yaml`), 'utf8');

      const report = reportOf(told.job, told.log ?? '');

      expect(reportOf({ ...told.job, cases: fetched }, text)).toEqual(report);
      expect(reportOf(told.job, told.log ?? '')).toEqual(report);
    });

    it('are all told of here', () => {
      const finished = bodies.filter(({ json }) => json.state_string === 'Finished').map(({ name }) => name);

      expect([...Object.keys(EXPECTED), ...WITHOUT_RESULTS].toSorted()).toEqual(finished.toSorted());
    });
  });
}
