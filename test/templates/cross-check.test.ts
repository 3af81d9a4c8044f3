import { expect, it } from 'vitest';
import { formatProblem } from '../../src/core/errors.ts';
import { loadBoards } from '../../src/catalog/boards.ts';
import { loadPlans } from '../../src/catalog/plans.ts';
import { abilitiesOf, crossCheck } from '../../src/templates/cross-check.ts';
import { createRenderer } from '../../src/templates/renderer.ts';
import { makeFiles } from '../support/folder.ts';
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
    isFault: false,
  });
});

it('finds names of templates that are not there, each at its place', async () => {
  const own = await makeFiles({
    'a.yaml': 'name: a\narch: arm\nboot_method: fvp\n',
    'b.yaml': 'name: b\narch: arm\nboot_method: u-boot\ntemplates: { boot: mine, test: { ltp: my-ltp } }\n',
  });
  const plans = await loadPlans({
    own: await makeFiles({ 'p.yaml': 'plans: { p: { tests: [{ type: dance }] } }\n' }),
  });

  const found = crossCheck({ ...shipped, boards: await loadBoards({ own }), plans });

  expect(found.map((p) => formatProblem(p).replace(/^[^:]*\//, ''))).toEqual([
    expect.stringMatching(/^a\.yaml:3:1: boot_method: there is no template boot\/fvp; there are barebox, /),
    expect.stringMatching(/^b\.yaml:4:14: templates\.boot: there is no template boot\/mine/),
    'b.yaml:4:34: templates.test.ltp: there is no template test/my-ltp',
    expect.stringMatching(/^p\.yaml:1:25: plans\.p: there is no template test\/dance; there are blktests, /),
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

  expect(found).toHaveLength(1);
  expect(found[0]?.file).toBe(`${own}/boot/qemu.yaml.hbs`);
  expect(found[0]).toMatchObject({ line: 1, column: expect.any(Number) });
  expect(found[0]?.message).toMatch(
    /^params\.prompt: prompt is not defined \(boards: qemu-arm, qemu-arm64, qemu-riscv64, qemu-x86_64; plans: p\)$/,
  );
});
