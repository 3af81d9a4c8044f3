import { expect, it } from 'vitest';
import { LavaDefinition } from '../../src/definition/definition.ts';

const deploy = { to: 'tmpfs', images: { kernel: { url: 'http://a/k', image_arg: '-kernel {kernel}' } } };
const boot = { method: 'qemu', prompts: ['#'] };
const smoke = {
  from: 'inline',
  name: 'smoke',
  path: 'inline/smoke.yaml',
  repository: {
    metadata: { format: 'Lava-Test Test Definition 1.0', name: 'smoke' },
    run: { steps: ['true'] },
  },
};

function job(changes: Record<string, unknown> = {}): unknown {
  return {
    job_name: 'a',
    device_type: 'qemu',
    visibility: 'public',
    timeouts: { job: { minutes: 10 } },
    actions: [{ deploy }, { boot }, { test: { definitions: [smoke] } }],
    ...changes,
  };
}

function faults(value: unknown): string[] {
  const parsed = LavaDefinition.safeParse(value);
  return parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

it('takes a small job', () => {
  expect(faults(job())).toEqual([]);
});

it.each([
  ['an unknown key', { surprise: 1 }, 'surprise'],
  ['a name that is too long', { job_name: 'x'.repeat(201) }, 'job_name'],
  ['no device type', { device_type: undefined }, 'device_type'],
  ['a device type and several boards', { protocols: { 'lava-multinode': {} } }, 'device_type'],
  ['a time-out of two units', { timeouts: { job: { minutes: 1, hours: 1 } } }, 'timeouts.job'],
  ['a time-out of nothing', { timeouts: { job: { minutes: 0 } } }, 'timeouts.job'],
  [
    'an action longer than the job',
    { timeouts: { job: { minutes: 1 }, action: { hours: 1 } } },
    'timeouts.action',
  ],
  ['an unknown context variable', { context: { colour: 'red' } }, 'colour'],
  ['a bad priority', { priority: 101 }, 'priority'],
  [
    'two ways of calling back',
    { notify: { criteria: { status: 'finished' }, callback: { url: 'http://a' }, callbacks: [] } },
    'notify.callbacks',
  ],
  ['no actions', { actions: [] }, 'actions'],
  ['two actions in one', { actions: [{ deploy, boot }] }, 'actions.0'],
  [
    'an empty URL',
    { actions: [{ deploy: { ...deploy, images: { kernel: { url: '' } } } }] },
    'actions.0.deploy.images.kernel.url',
  ],
  [
    'no URL',
    { actions: [{ deploy: { ...deploy, images: { kernel: { url: null } } } }] },
    'actions.0.deploy.images.kernel.url',
  ],
  ['no image', { actions: [{ deploy: { to: 'tmpfs', images: {} } }] }, 'actions.0.deploy.images'],
  [
    'a kernel type that LAVA has not',
    { actions: [{ deploy: { to: 'tftp', kernel: { url: 'http://a/b', type: 'bzimage' } } }] },
    'actions.0.deploy.kernel.type',
  ],
  [
    'a format without overlays',
    { actions: [{ deploy: { ...deploy, images: { a: { url: 'http://a/b', format: 'cpio.newc' } } } }] },
    'actions.0.deploy.images.a.overlays',
  ],
  ['an unknown place', { actions: [{ deploy: { to: 'moon' } }] }, 'actions.0.deploy.to'],
  ['an unknown boot method', { actions: [{ boot: { method: 'kick' } }] }, 'actions.0.boot.method'],
  ['U-Boot without commands', { actions: [{ boot: { method: 'u-boot' } }] }, 'actions.0.boot.commands'],
  [
    'a test of two kinds',
    { actions: [{ test: { definitions: [smoke], interactive: [] } }] },
    'actions.0.test',
  ],
  [
    'a definition called lava',
    { actions: [{ test: { definitions: [{ ...smoke, name: 'lava' }] } }] },
    'actions.0.test.definitions.0.name',
  ],
  [
    'a dot in a definition’s name',
    { actions: [{ test: { definitions: [{ ...smoke, name: 'a.b' }] } }] },
    'actions.0.test.definitions.0.name',
  ],
  [
    'one name twice',
    { actions: [{ test: { definitions: [smoke, smoke] } }] },
    'actions.0.test.definitions.1.name',
  ],
  [
    'a path out of the repository',
    { actions: [{ test: { definitions: [{ ...smoke, path: '../../etc/passwd' }] } }] },
    'actions.0.test.definitions.0.path',
  ],
  [
    'a parameter with a quote',
    {
      actions: [
        {
          test: {
            definitions: [{ ...smoke, from: 'git', repository: 'https://a', parameters: { A: "b'c" } }],
          },
        },
      ],
    },
    'actions.0.test.definitions.0.parameters.A',
  ],
  [
    'a namespace on some actions only',
    { actions: [{ deploy: { ...deploy, namespace: 'a' } }, { boot }] },
    'actions.1',
  ],
])('refuses %s', (_, changes, place) => {
  expect(faults(job(changes)).join('\n')).toContain(place);
});

it('takes what newer LAVA knows', () => {
  const definitions = [{ ...smoke, expected: ['a'] }];

  expect(
    faults(job({ device: 'qemu-01', actions: [{ deploy }, { boot }, { test: { definitions } }] })),
  ).toEqual([]);
});
