import { expect, it } from 'vitest';
import { loadBoards } from '../../src/catalog/boards.ts';
import { loadPlans } from '../../src/catalog/plans.ts';
import { createRenderer } from '../../src/templates/renderer.ts';
import { unreadParams } from '../../src/templates/unread-params.ts';
import { makeFiles } from '../support/folder.ts';
import { inShort } from '../support/problems.ts';
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
  const folder = await makeFiles({ 'boards/b.yaml': board, 'plans/p.yaml': plan });
  const boards = await loadBoards({ own: `${folder}/boards` });
  const plans = await loadPlans({ own: `${folder}/plans` });

  const found = unreadParams({ boards, plans, renderer: shipped.renderer });

  expect(inShort(found, folder)).toEqual([
    'boards/b.yaml:5:3 unread_parameter params.promts',
    'boards/b.yaml:8:23 unread_parameter labs.lava-a.params.visiblity',
    'plans/p.yaml:3:41 unread_parameter plans.mine.params.extra_args',
    'plans/p.yaml:5:56 unread_parameter plans.mine.tests.0.params.fault_percnt',
  ]);
  expect(found[0]?.message).toContain('did you mean prompts?');
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
