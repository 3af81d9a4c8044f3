import { expect, it } from 'vitest';
import { loadBoards } from '../../src/catalog/boards.ts';
import { loadPlans } from '../../src/catalog/plans.ts';
import { abilitiesOf, crossCheck } from '../../src/templates/cross-check.ts';
import { createRenderer } from '../../src/templates/renderer.ts';
import { makeFiles } from '../support/folder.ts';
import { inShort } from '../support/problems.ts';
import { ROOT, shipped } from './support.ts';

it('finds nothing wrong with what is shipped', () => {
  expect(crossCheck(shipped)).toEqual([]);
});

it('says what a board can run, and why not the rest', () => {
  const board = shipped.boards.get('dragonboard-410c', undefined);

  const abilities = new Map(abilitiesOf(board, shipped).map((a) => [a.plan, a]));

  expect(abilities.get('baseline-*')).toMatchObject({ reason: undefined });
  expect(abilities.get('kselftest-*-ramdisk')).toMatchObject({ reason: undefined });
  expect(abilities.get('kselftest-*')).toMatchObject({
    reason: 'board dragonboard-410c boots with fastboot and cannot boot from NFS',
  });
});

it('finds names of templates that are not there, each at its place', async () => {
  const own = await makeFiles({
    'a.yaml': 'name: a\narch: arm\nboot_method: fvp\n',
    'b.yaml': 'name: b\narch: arm\nboot_method: u-boot\ntemplates: { boot: mine, test: { ltp: my-ltp } }\n',
  });
  const ownPlans = await makeFiles({ 'p.yaml': 'plans: { p: { tests: [{ type: dance }] } }\n' });
  const plans = await loadPlans({ own: ownPlans });

  const found = crossCheck({ ...shipped, boards: await loadBoards({ own }), plans });

  expect([...inShort(found.slice(0, 3), own), ...inShort(found.slice(3), ownPlans)]).toEqual([
    'a.yaml:3:1 unknown_reference boot_method',
    'b.yaml:4:14 unknown_reference templates.boot',
    'b.yaml:4:34 unknown_reference templates.test.ltp',
    'p.yaml:1:25 unknown_reference plans.p.tests.0.type',
  ]);
});

it('finds a template that fails, at its place, with the boards and plans that use it', async () => {
  const own = await makeFiles({
    'boot/qemu.yaml.hbs': '- boot: { method: qemu, prompts: {{params.prompt}} }\n',
  });
  const renderer = await createRenderer({ shipped: `${ROOT}/job-templates`, own });
  const plans = await loadPlans({
    own: await makeFiles({
      'p.yaml': 'plans: { p: { rootfs: { ramdisk: "http://a/r.cpio.gz" }, tests: [{ type: boot }] } }\n',
    }),
  });

  const found = crossCheck({ ...shipped, plans, renderer });

  expect(inShort(found, own)).toEqual(['boot/qemu.yaml.hbs:1:36 template']);
  for (const name of ['qemu-arm', 'qemu-arm64', 'qemu-riscv64', 'qemu-x86_64', 'plans: p']) {
    expect(found[0]?.message).toContain(name);
  }
});
