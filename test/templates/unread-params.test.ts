import { expect, it } from 'vitest';
import { loadBoards } from '../../src/catalog/boards.ts';
import { loadPlans } from '../../src/catalog/plans.ts';
import { createRenderer } from '../../src/templates/renderer.ts';
import { unreadParams } from '../../src/templates/unread-params.ts';
import { makeFiles } from '../support/folder.ts';
import { ROOT, shipped } from './support.ts';

it('finds none in what is shipped', () => {
  expect(unreadParams(shipped)).toEqual([]);
});

it('finds those of boards, their labs, plans and tests, each at its place', async () => {
  const board = `name: b
arch: arm64
boot_method: u-boot
params:
  promts: ['# ']
  prompts: ['# ']
labs:
  lava-a: { params: { visiblity: personal } }
`;
  const plan = `plans:
  mine:
    params: { extra_kernel_args: quiet, extra_args: x }
    tests:
      - { type: ltp, params: { tst_cmdfiles: syscalls, fault_percnt: 1 } }
      - { type: shell, name: two, params: { commands: [ls] } }
`;
  const boards = await loadBoards({ own: await makeFiles({ 'b.yaml': board }) });
  const plans = await loadPlans({ own: await makeFiles({ 'p.yaml': plan }) });

  const found = unreadParams({ boards, plans, renderer: shipped.renderer });

  expect(found.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    '5:3 params.promts: no template reads it; did you mean prompts?',
    '8:23 labs.lava-a.params.visiblity: no template reads it; did you mean visibility?',
    expect.stringMatching(/^3:41 plans\.mine\.params\.extra_args: no template reads it/),
    '5:56 plans.mine.tests.0.params.fault_percnt: no template of ltp reads it; did you mean fault_percent?',
  ]);
});

it('knows what the admin’s own templates read', async () => {
  const template = '- test:\n    definitions: {{test.params.wanted}}\n    x: {{params.mine}}\n';
  const renderer = await createRenderer({
    shipped: `${ROOT}/job-templates`,
    own: await makeFiles({ 'test/own.yaml.hbs': template }),
  });
  const plan = 'plans:\n  p: { params: { mine: 1 }, tests: [{ type: own, params: { wanted: 1 } }] }\n';
  const plans = await loadPlans({ own: await makeFiles({ 'p.yaml': plan }) });

  expect(unreadParams({ boards: shipped.boards, plans, renderer })).toEqual([]);
});
