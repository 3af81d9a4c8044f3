// Every key that an admin can write into a device type or a plan changes what the bridge does: each is set to another
// value than it has, and something that comes out must be another. The keys are the schemas' own; one without a value
// here, or without an effect, fails.
import { expect, it } from 'vitest';
import { DeviceType } from '../../src/catalog/board-schema.ts';
import { loadBoards, type Boards } from '../../src/catalog/boards.ts';
import { PlanFile } from '../../src/catalog/plan-schema.ts';
import { loadPlans, type Plans } from '../../src/catalog/plans.ts';
import { errorText } from '../../src/core/errors.ts';
import { frequencyMs, isEvent, whyNotRun } from '../../src/intake/trigger-match.ts';
import { whyNoCapacity, type CapacityPorts, type LimitedLab } from '../../src/lifecycle/capacity.ts';
import { MaestroNode } from '../../src/maestro/node.ts';
import { makeFiles } from '../support/folder.ts';
import { makeInput, makeRequest, shipped } from '../templates/support.ts';
import { leafKeys } from './keys.ts';

type Json = Record<string, unknown>;

const KBUILD = MaestroNode.parse({
  id: '68f0c0ffee00000000000002',
  kind: 'kbuild',
  name: 'kbuild-gcc-14-arm64',
  group: 'group',
  owner: 'owner',
  path: ['checkout', 'kbuild-gcc-14-arm64'],
  state: 'available',
  result: 'pass',
  data: {
    arch: 'arm64',
    defconfig: 'defconfig',
    fragments: ['kselftest'],
    kernel_revision: {
      tree: 'mainline',
      branch: 'master',
      commit: '0'.repeat(40),
      describe: 'v6.18',
      url: 'https://git.example',
      version: { version: 6, patchlevel: 18 },
    },
  },
});

/** What comes of a job on a board: its definition, or why there is none. */
function jobs(boards: Boards, plans: Plans, names: readonly string[]): unknown[] {
  return boards.names().flatMap((name) =>
    [undefined, 'lab-a', 'lab-b'].flatMap((lab): unknown[] => {
      const board = boards.find(name, lab);
      if (board === undefined) return [`${name} is not in ${lab ?? ''}`];
      return names.map((job): unknown => {
        const request = makeRequest({ name: job, platform: name });
        delete request.node.data.tree_priority;
        try {
          const { definition, expectedTests, priority } = shipped.renderer.render({
            ...makeInput(request, { board, plans }),
          });
          return { definition, expectedTests, priority, compatible: board.compatible };
        } catch (error) {
          return errorText(error);
        }
      });
    }),
  );
}

/** Whether one more job of a board is let into a lab that has one device of its type, and two jobs of ours for it. */
async function admission(boards: Boards): Promise<unknown> {
  const name = boards.names()[0] ?? '';
  const board = boards.get(name, undefined);
  const { lava_device_type: type, tags } = board;
  const state = { online: true, unseenWorker: undefined, free: false, reason: undefined };
  const device = { name: 'd', type, tags, ...state };
  const lab: LimitedLab = {
    name: 'lab-a',
    config: { limits: { max_jobs: 100, max_queued_per_device: 5 } },
    inventory: async () => ({ boards: [device], queued: new Map() }),
  };
  const open = [{ lab: lab.name, board: name, stage: 'submitted' as const, count: 2 }];
  const ports: CapacityPorts = { store: { drains: async () => [], openCounts: async () => open }, boards };
  return whyNoCapacity(lab, board, ports);
}

async function outcomeOfBoard(file: Json): Promise<string> {
  const boards = await loadBoards({ own: await makeFiles({ 'b.yaml': JSON.stringify(file) }) });
  const plans = await loadPlans({ own: await makeFiles({ 'p.yaml': JSON.stringify(JOBS) }) });
  const [plan, trigger] = [plans.find('boot'), plans.triggers()[0]];
  if (plan === undefined || trigger === undefined) throw new Error('no plan');
  const board = boards.find(boards.names()[0] ?? '');
  return JSON.stringify([
    jobs(boards, plans, plans.names()),
    board && whyNotRun(trigger, KBUILD, plan, board),
    await admission(boards),
  ]).replaceAll(/[^"]*\/b\.yaml/g, '');
}

const BOARD: Json = {
  name: 'b',
  arch: 'arm64',
  boot_method: 'u-boot',
  rootfs: { default: { ramdisk: 'http://a.example/r.cpio.gz', nfsroot: 'http://a.example/nfs' } },
};
/** Jobs that name no root file system of their own. */
const JOBS: Json = {
  plans: {
    boot: { tests: [{ type: 'boot' }] },
    rt: { boot: 'nfs', tests: [{ type: 'rt-tests', params: { tst_cmd: 'cyclictest' } }] },
  },
  triggers: [{ plan: 'boot', on: {}, boards: ['b'] }],
};
const never = ['nothing'];
const url = 'http://other.example/x';

/** For each key of a device type a value that makes a difference. */
const BOARD_VALUES: Record<string, unknown> = {
  name: 'c',
  lava_device_type: 'other',
  arch: 'arm',
  cpus: 4,
  boot: 'nfs',
  boot_method: 'barebox',
  dtb: 'dtbs/x.dtb',
  compatible: ['a,b'],
  context: { kernel_loglevel: 7 },
  params: { prompts: ['# '] },
  'rootfs.*.ramdisk': url,
  'rootfs.*.ramdiskroot': url,
  'rootfs.*.nfsroot': url,
  tags: ['usb'],
  'templates.boot': 'barebox',
  'templates.job': 'no-such-job',
  'templates.test': { boot: 'wifi-basic' },
  'limits.max_job_timeout': '1m',
  'limits.max_jobs': 1,
  'limits.max_queued_per_device': 1,
  'labs.*.lava_device_type': 'other',
  'labs.*.context': { kernel_loglevel: 7 },
  'labs.*.params': { prompts: ['# '] },
  'labs.*.tags': ['usb'],
  'rules.min_version.version': 7,
  'rules.min_version.patchlevel': 19,
  'rules.max_version.version': 5,
  'rules.max_version.patchlevel': 1,
  'rules.tree': never,
  'rules.branch': never,
  'rules.arch': never,
  'rules.defconfig': never,
  'rules.fragments': never,
};

/** Keys that work elsewhere, and where that is tested. */
const ELSEWHERE: Record<string, string> = {
  description: 'for people alone',
  mach: 'for templates of the admin’s own',
  'rootfs.*.rootfs': 'for templates of the admin’s own',
};

/** What must be there besides, for a key to be a whole. */
function withKey(base: Json, path: string, value: unknown): Json {
  const copy = structuredClone(base);
  const keys = path.replaceAll('rootfs.*', 'rootfs.default').replaceAll('labs.*', 'labs.lab-a').split('.');
  if (path.startsWith('rules.min_version')) copy['rules'] = { min_version: { version: 6, patchlevel: 1 } };
  if (path.startsWith('rules.max_version')) copy['rules'] = { max_version: { version: 6, patchlevel: 20 } };
  const last = keys.pop() ?? '';
  const place = keys.reduce<Json>((at, key) => (at[key] ??= {}) as Json, copy);
  place[last] = value;
  return copy;
}

const boardKeys = leafKeys(DeviceType).filter((key) => !Object.hasOwn(ELSEWHERE, key));

it.each(boardKeys)('%s of a device type is read', async (key) => {
  expect(Object.keys(BOARD_VALUES)).toContain(key);
  // A root file system for each way of booting stands in the place of what is shipped.
  const base = key.endsWith('.ramdiskroot')
    ? { ...BOARD, rootfs: { default: { nfsroot: 'http://a.example/nfs' } } }
    : BOARD;
  const before = key.startsWith('labs.') ? { ...base, labs: { 'lab-a': {} } } : base;

  const [a, b] = [
    await outcomeOfBoard(before),
    await outcomeOfBoard(withKey(before, key, BOARD_VALUES[key])),
  ];

  expect(a).not.toEqual(b);
});

const PLANS: Json = {
  rootfs: { set: { ramdisk: 'http://a.example/r.cpio.gz', nfsroot: 'http://a.example/nfs' } },
  trees: [{ tree: 'mainline', branch: 'master', priority: 'low' }],
  plans: { x: { rootfs: 'set', tests: [{ type: 'ltp' }] } },
  triggers: [{ plan: 'x', on: {}, boards: ['bcm2711-rpi-4-b'] }],
};

async function outcomeOfPlans(file: Json): Promise<string> {
  const plans = await loadPlans({ own: await makeFiles({ 'p.yaml': JSON.stringify(file) }) });
  const board = shipped.boards.get('bcm2711-rpi-4-b', undefined);
  const boards = { ...shipped.boards, names: () => [board.name] };
  return JSON.stringify([
    plans.names(),
    jobs(boards, plans, ['x']),
    plans.names().map((name) => frequencyMs(plans.find(name)?.frequency)),
    ['mainline', 'next'].map((tree) => [plans.treePriority(tree, 'master'), plans.treePriority(tree, 'x')]),
    plans.triggers().map((trigger) => {
      const plan = plans.find(trigger.plan);
      return [
        trigger.plan,
        trigger.boards,
        trigger.labs,
        isEvent(trigger, KBUILD),
        plan && whyNotRun(trigger, KBUILD, plan, board),
      ];
    }),
  ]);
}

/** For each key of a plan file a value that makes a difference. */
const PLAN_VALUES: Record<string, unknown> = {
  'rootfs.*.ramdisk': url,
  'rootfs.*.ramdiskroot': url,
  'rootfs.*.nfsroot': url,
  'trees.tree': 'next',
  'trees.branch': 'x',
  'trees.priority': 'high',
  'plans.*.boot': 'nfs',
  'plans.*.rootfs.ramdisk': url,
  'plans.*.rootfs.ramdiskroot': url,
  'plans.*.rootfs.nfsroot': url,
  'plans.*.tests.type': 'boot',
  'plans.*.tests.name': 'other',
  'plans.*.tests.suite': 'other',
  'plans.*.tests.params': { tst_cmdfiles: 'mm' },
  'plans.*.tests.timeout': '1h',
  'plans.*.tests.measurements': ['latency'],
  'plans.*.params': { prompts: ['# '] },
  'plans.*.context': { kernel_loglevel: 7 },
  'plans.*.timeout': '1h',
  'plans.*.job_timeout': '10h',
  'plans.*.queue_timeout': '1h',
  'plans.*.priority': 'high',
  'plans.*.frequency': '1d',
  'triggers.plan': 'y',
  'triggers.on.kind': 'checkout',
  'triggers.on.name': 'other',
  'triggers.on.state': 'done',
  'triggers.on.result': 'fail',
  'triggers.on.group': 'other',
  'triggers.on.owner': 'other',
  'triggers.labs': ['lab-a'],
  'triggers.boards': ['other'],
};
const RULES: Record<string, unknown> = {
  'min_version.version': 7,
  'min_version.patchlevel': 19,
  'max_version.version': 5,
  'max_version.patchlevel': 1,
  tree: never,
  branch: never,
  arch: never,
  defconfig: never,
  fragments: never,
};

/** A plan file that differs from another by one key. */
function planFile(key: string, value: unknown): { before: Json; after: Json } {
  const [, owner = '', rule] = /^(plans\.\*|triggers)\.rules\.(.+)$/.exec(key) ?? [];
  const before = structuredClone(PLANS) as {
    trees: Json[];
    plans: Record<string, Json>;
    rootfs: Json;
    triggers: Json[];
  };
  before.plans['y'] = structuredClone(before.plans['x'] ?? {});
  // Without what stands above it, or with what it needs.
  if (key === 'plans.*.priority') before.trees = [];
  if (key.endsWith('.ramdiskroot')) before.rootfs = { set: {} };
  if (key.endsWith('.nfsroot')) for (const plan of Object.values(before.plans)) plan['boot'] = 'nfs';
  if (key.startsWith('plans.*.rootfs.')) for (const plan of Object.values(before.plans)) plan['rootfs'] = {};
  const after = structuredClone(before);
  const path = key.replace('rootfs.*', 'rootfs.set').replace('plans.*', 'plans.x').split('.');
  const place = (file: typeof before, keys: readonly string[]): Json =>
    keys.reduce<Json>(
      (at, name) => {
        const next = (at[name] ??= {}) as Json | Json[];
        return Array.isArray(next) ? (next[0] ?? {}) : next;
      },
      file as unknown as Json,
    );
  if (rule?.startsWith('m')) {
    const full = { version: rule.startsWith('min') ? 6 : 6, patchlevel: rule.startsWith('min') ? 1 : 20 };
    for (const file of [before, after])
      place(file, owner === 'triggers' ? ['triggers'] : ['plans', 'x'])['rules'] = {
        [rule.split('.')[0] ?? '']: { ...full },
      };
  }
  place(after, path.slice(0, -1))[path.at(-1) ?? ''] = value;
  return { before, after };
}

const ELSEWHERE_IN_PLANS = new Set(['plans.*.description', 'rootfs.*.rootfs', 'plans.*.rootfs.rootfs']);
const planKeys = leafKeys(PlanFile).filter((key) => !ELSEWHERE_IN_PLANS.has(key));

it.each(planKeys)('%s of a plan file is read', async (key) => {
  const rule = /\.rules\.(.+)$/.exec(key)?.[1];
  const values = rule === undefined ? PLAN_VALUES : RULES;
  expect(Object.keys(values)).toContain(rule ?? key);
  const { before, after } = planFile(key, values[rule ?? key]);

  expect(await outcomeOfPlans(before)).not.toEqual(await outcomeOfPlans(after));
});
