import { expect, it } from 'vitest';
import { loadPlans } from '../../src/catalog/plans.ts';
import { makeFiles } from '../support/folder.ts';
import { inShort, problemsOf } from '../support/problems.ts';
import { shipped } from '../templates/support.ts';

const LTP = 'tests: [{ type: ltp }]';

async function problems(files: Record<string, string>): Promise<string[]> {
  const own = await makeFiles(files);
  return inShort(await problemsOf(() => loadPlans({ own })), own);
}

it('finds a plan by its name, else by the pattern with the most letters, and fills in what the * stood for', async () => {
  const plans = await loadPlans({
    own: await makeFiles({
      'p.yaml': [
        'plans:',
        "  a-*: { tests: [{ type: ltp, suite: 'x.{*}', params: { list: ['{*}', 1] } }] }",
        `  a-b-*: { ${LTP}, timeout: 10m }`,
        `  '*-z': { ${LTP}, timeout: 20m }`,
        `  a-b: { ${LTP}, timeout: 30m }`,
      ].join('\n'),
    }),
  });

  expect(plans.find('a-q.r')?.tests[0]).toMatchObject({ suite: 'x.q.r', params: { list: ['q.r', 1] } });
  expect([plans.find('a-b-c')?.timeout, plans.find('q-z')?.timeout, plans.find('a-b')?.timeout]).toEqual([
    600_000, 1_200_000, 1_800_000,
  ]);
  expect([plans.find('a-'), plans.find('b'), plans.find('a-*'), plans.find('a-x y')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it("takes the admin's file, plan, rootfs set and tree in place of the shipped ones", async () => {
  const shippedDir = await makeFiles({
    'a.yaml': `plans: { p: { ${LTP}, timeout: 1m }, q: { ${LTP}, timeout: 1m } }\n`,
    'b.yaml': 'rootfs: { r: { ramdisk: "http://a/1" } }\ntrees: [{ tree: t, priority: low }]\n',
  });
  const own = await makeFiles({
    'mine.yaml': `plans: { p: { ${LTP}, timeout: 2m } }\nrootfs: { r: { ramdisk: "http://a/2" } }\ntrees: [{ tree: t, priority: 70 }]\n`,
  });

  const plans = await loadPlans({ shipped: shippedDir, own });

  expect([plans.find('p')?.timeout, plans.find('q')?.timeout]).toEqual([120_000, 60_000]);
  expect(plans.rootfs('r')).toEqual({ ramdisk: 'http://a/2' });
  expect(plans.treePriority('t', 'main')).toBe(70);
});

it('prefers the priority of a tree’s branch', async () => {
  const plans = await loadPlans({
    own: await makeFiles({
      'a.yaml': 'trees: [{ tree: t, priority: low }, { tree: t, branch: b, priority: high }]\n',
    }),
  });

  expect([plans.treePriority('t', 'b'), plans.treePriority('t', 'c'), plans.treePriority('u', 'b')]).toEqual([
    60,
    20,
    undefined,
  ]);
});

it('reports every fault at its line and column', async () => {
  const found = await problems({
    'a.yaml': [
      'plans:',
      `  p: { ${LTP}, rootfs: nowhere }`,
      '  q: { tests: [] }',
      `  r: { ${LTP}, prioriy: low }`,
      `  a*b*: { ${LTP} }`,
    ].join('\n'),
    'b.yaml': [
      `plans: { s: { ${LTP}, rootfs: nowhere }, t: { tests: [{ type: ltp }, { type: ltp }] } }`,
      'triggers: [{ plan: nothing, on: {}, boards: [b] }]',
    ].join('\n'),
    'c.yaml': `plans: { s: { ${LTP} } }\n`,
  });

  expect(found).toEqual([
    'a.yaml:3:8 bad_value plans.q.tests',
    'a.yaml:4:32 unknown_key plans.r.prioriy',
    'a.yaml:5:3 bad_value plans.a*b*',
    'c.yaml:1:10 duplicate plans.s',
    'b.yaml:1:39 unknown_reference plans.s.rootfs',
    'b.yaml:1:63 duplicate plans.t.tests',
    'b.yaml:2:14 unknown_reference triggers.0.plan',
  ]);
});

it('keeps triggers as they are written', async () => {
  const plans = await loadPlans({
    own: await makeFiles({
      'a.yaml': `plans: { "p-*": { ${LTP} } }\ntriggers: [{ plan: p-x, on: { name: kbuild-gcc }, boards: [b], labs: [l] }]\n`,
    }),
  });

  expect(plans.triggers()).toEqual([
    {
      plan: 'p-x',
      on: { kind: 'kbuild', state: 'available', name: 'kbuild-gcc' },
      boards: ['b'],
      labs: ['l'],
    },
  ]);
});

it.each([
  ['baseline-arm64-broonie', 'boot', 'ramdisk'],
  ['baseline-nfs-arm64', 'boot.nfs', 'nfs'],
  ['baseline-nfs-x86-intel-chromebook', 'boot.nfs', 'nfs'],
  ['job-gcc-14-arm-612-cip', 'boot.nfs', 'nfs'],
  ['job-gcc-14-arm64-612-cip', 'boot', 'ramdisk'],
  ['kselftest-arm64', 'kselftest.arm64', 'nfs'],
  ['kselftest-arm64-ramdisk', 'kselftest.arm64', 'ramdisk'],
  ['kselftest-arm64-pull-labs', 'kselftest.arm64', 'nfs'],
  ['kselftest-vdso', 'kselftest.vdso', 'nfs'],
  ['ltp-syscalls', 'ltp', 'nfs'],
  ['rt-tests-cyclictest', 'rt-tests.cyclictest', 'nfs'],
  ['rt-tests-rtla-osnoise', 'rt-tests.rtla-osnoise', 'nfs'],
  ['wifi-basic-x86-amd', 'kernelci_wifi_basic', 'nfs'],
])('knows the job %s of Maestro', (name, suite, boot) => {
  const plan = shipped.plans.find(name);

  expect([plan?.tests[0]?.suite ?? plan?.tests[0]?.type, plan?.boot ?? 'ramdisk']).toEqual([suite, boot]);
});
