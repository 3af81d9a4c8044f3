import { describe, expect, it } from 'vitest';
import { MaestroNode } from '../../src/maestro/node.ts';
import { buildHierarchy, closingPatch, type HierarchyNode } from '../../src/reporting/node-tree.ts';
import type { LavaCase, LavaJob } from '../../src/lava/model.ts';
import {
  ask,
  definition,
  jobError,
  jobPassed,
  judged,
  lavaCase,
  lavaJob,
  login,
  stage,
} from '../verdict/evidence.ts';

const NODE = MaestroNode.parse({
  id: '66c0ffee0000000000000003',
  kind: 'job',
  name: 'ltp-smoke',
  group: 'ltp-smoke',
  path: ['checkout', 'kbuild-gcc-14-arm64', 'ltp-smoke'],
  parent: '66c0ffee0000000000000002',
  state: 'available',
  result: null,
  artifacts: { job_definition: 'https://files.example/definition.json' },
  data: {
    kernel_revision: {
      tree: 'mainline',
      url: 'https://git.example/x',
      branch: 'master',
      commit: 'c'.repeat(40),
    },
    kernel_type: 'image',
    arch: 'arm64',
    compiler: 'gcc-14',
    platform: 'bcm2711-rpi-4-b',
    runtime: 'lava-mylab',
    job_id: 'bridge:66c0ffee0000000000000003',
    tree_priority: 'high',
  },
  treeid: 'abc',
  retry_counter: 1,
  submitter: 'service:pipeline',
});

const OUTCOME = {
  jobId: '42',
  device: 'rack-3',
  artifacts: { test_log: 'https://files.example/log.txt' },
};

function job(health: 'Complete' | 'Incomplete', ...cases: LavaCase[]): LavaJob {
  return lavaJob(health, cases, { definition: definition(['ltp-smoke']) });
}

const passed = (...cases: LavaCase[]): LavaJob =>
  job('Complete', lavaCase('lava', 'kernel-messages'), login(), ...cases, stage('0_ltp-smoke'), jobPassed());

const asked = ask({ ltp: ['ltp-smoke'] }, { job: 'ltp-smoke' });

describe('the closing patch', () => {
  it('merges data and artifacts, since a PATCH replaces them', () => {
    const patch = closingPatch(judged({ lava: passed(lavaCase('0_ltp-smoke', 'a')) }, asked), NODE, OUTCOME);

    expect(patch).toEqual({
      state: 'done',
      result: 'pass',
      artifacts: { ...NODE.artifacts, ...OUTCOME.artifacts },
      data: { ...NODE.data, device: 'rack-3', job_id: '42' },
    });
  });

  it('says with one of Maestro’s codes why a run is incomplete', () => {
    const lava = job('Incomplete', login(), jobError('FastbootDeviceNotFound', 'no such device'));

    const patch = closingPatch(judged({ lava }, asked), NODE, OUTCOME);

    expect(patch).toMatchObject({
      result: 'incomplete',
      data: { error_code: 'Infrastructure', error_msg: 'FastbootDeviceNotFound: no such device' },
    });
  });

  it('takes the error of an earlier end away', () => {
    const timedOut = {
      ...NODE,
      data: { ...NODE.data, error_code: 'node_timeout', error_msg: 'Node timed-out' },
    };

    const patch = closingPatch(
      judged({ lava: passed(lavaCase('0_ltp-smoke', 'a')) }, asked),
      timedOut,
      OUTCOME,
    );

    expect(patch.data).toMatchObject({ error_code: null, error_msg: null });
  });

  it('keeps what the node has where the job never ran', () => {
    const verdict = judged(
      { ending: { kind: 'lost', code: 'unknown_to_lava', reason: 'LAVA forgot the job\0' } },
      asked,
    );

    const patch = closingPatch(verdict, NODE, {
      ...OUTCOME,
      jobId: undefined,
      device: undefined,
      artifacts: {},
    });

    expect(patch.data).toEqual({
      ...NODE.data,
      error_code: 'node_timeout',
      error_msg: 'LAVA forgot the job',
    });
    expect(patch.artifacts).toEqual(NODE.artifacts);
  });
});

describe('the hierarchy', () => {
  const tree = (lava: LavaJob): HierarchyNode => ({
    node: { ...NODE },
    child_nodes: buildHierarchy(judged({ lava }, asked), lava, NODE),
  });

  /** `path: kind result` of each node below the root. */
  function outline({ child_nodes }: HierarchyNode): string[] {
    return child_nodes.flatMap((child) => {
      const { path, kind, result } = child.node as { path: string[]; kind: string; result: string };
      return [`${path.slice(3).join('/')}: ${kind} ${result}`, ...outline(child)];
    });
  }

  it('has suites, sets and cases below the node', () => {
    const lava = passed(
      lavaCase('0_ltp-smoke', 'a'),
      lavaCase('0_ltp-smoke', 'b.c', 'fail'),
      lavaCase('0_ltp-smoke', 'd', 'skip', { set: 'more' }),
    );

    const root = tree(lava);

    expect(outline(root)).toEqual([
      'setup: job pass',
      'setup/login: test pass',
      'setup/kernelmsg: test pass',
      'ltp-smoke: job fail',
      'ltp-smoke/a: test pass',
      'ltp-smoke/b.c: test fail',
      'ltp-smoke/more: job skip',
      'ltp-smoke/more/d: test skip',
    ]);
  });

  it('gives each child what Maestro needs, and no id', () => {
    const [, suite] = tree(passed(lavaCase('0_ltp-smoke', 'a'))).child_nodes;

    expect(suite?.child_nodes[0]?.node).toEqual({
      name: 'a',
      kind: 'test',
      path: [...NODE.path, 'ltp-smoke', 'a'],
      group: 'ltp-smoke',
      state: 'done',
      result: 'pass',
      data: {
        kernel_revision: NODE.data.kernel_revision,
        kernel_type: 'image',
        arch: 'arm64',
        compiler: 'gcc-14',
        platform: 'bcm2711-rpi-4-b',
        runtime: 'lava-mylab',
      },
    });
  });

  it('never has a suite that was cut short as passed', () => {
    const lava = job(
      'Incomplete',
      login(),
      lavaCase('0_ltp-smoke', 'a'),
      jobError('LAVATimeout', 'lava-test-shell timed out'),
    );

    expect(outline(tree(lava)).slice(2)).toEqual(['ltp-smoke: job incomplete', 'ltp-smoke/a: test pass']);
  });

  it.each([
    ['by the lab', jobError('Infrastructure', 'Connection closed'), 'incomplete'],
    ['by a worker that was stopped', jobError('Canceled', 'The job was canceled'), 'incomplete'],
    ['by itself', jobError('Test', 'lava-test-raise'), 'incomplete'],
    ['by its group', jobError('MultinodeTimeout', 'lava-wait'), 'incomplete'],
    ['by LAVA', jobError('Bug', 'KeyError'), 'incomplete'],
  ])('has a suite of which all cases passed and that was cut short %s as %s', (_by, error, result) => {
    const lava = job(
      'Incomplete',
      login(),
      lavaCase('0_ltp-smoke', 'a'),
      stage('0_ltp-smoke', 'fail'),
      error,
    );

    expect(outline(tree(lava)).slice(2)).toEqual([`ltp-smoke: job ${result}`, 'ltp-smoke/a: test pass']);
  });

  it('never writes a word that Maestro refuses', () => {
    const [, suite] = tree(passed(lavaCase('0_ltp-smoke', 'a', 'unknown'))).child_nodes;

    expect(suite?.child_nodes[0]?.node).toMatchObject({ result: 'incomplete', data: { error_code: 'Test' } });
  });

  it('takes one login that passed for a login, and one failed message for a failure', () => {
    const lava = job(
      'Complete',
      lavaCase('lava', 'kernel-messages', 'fail'),
      login('fail'),
      lavaCase('lava', 'kernel-messages'),
      login(),
      lavaCase('0_ltp-smoke', 'a'),
      stage('0_ltp-smoke'),
      jobPassed(),
    );

    expect(outline(tree(lava)).slice(0, 3)).toEqual([
      'setup: job fail',
      'setup/login: test pass',
      'setup/kernelmsg: test fail',
    ]);
  });

  it('has no setup where LAVA never came to a login, and no suite that left nothing', () => {
    expect(tree(job('Incomplete', jobError('Infrastructure'))).child_nodes).toEqual([]);
  });

  it('ends the suite as its test ended', () => {
    const lava = job(
      'Incomplete',
      login(),
      lavaCase('0_ltp-smoke', 'a'),
      stage('0_ltp-smoke', 'fail'),
      jobError('Test', 'lava-test-shell timed out after 15 seconds'),
    );

    const suite = tree(lava).child_nodes.at(-1);

    expect(suite?.node).toMatchObject({
      name: 'ltp-smoke',
      result: 'incomplete',
      data: { error_code: 'Test' },
    });
    expect(suite?.child_nodes[0]?.node).toMatchObject({ result: 'pass' });
  });
});
