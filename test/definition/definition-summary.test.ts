import { expect, it } from 'vitest';
import { readOutline } from '../../src/definition/definition-summary.ts';

const NOTHING = {
  suites: [],
  bootsKernel: true,
  prompts: [],
  deviceType: undefined,
  timeout: undefined,
  nfs: false,
  metadata: {},
};

it('a definition says the suites, the prompts, the device type, the time-out and the metadata', () => {
  const outline = readOutline(
    'device_type: qemu\ntimeouts: {job: {minutes: 5, seconds: 3}}\nmetadata: {a: 1, b: {c: d}}\nactions:\n' +
      '- deploy: {nfsrootfs: {url: x}}\n- boot: {method: u-boot, prompts: "/ #"}\n- test: {definitions: [{name: one}, {name: 2}]}\n- test: {monitors: [{name: m}]}\n',
  );

  expect(outline).toEqual({
    suites: [
      { name: '0_one', kind: 'shell', action: 0 },
      { name: '1_2', kind: 'shell', action: 0 },
      { name: 'm', kind: 'monitor', action: 1 },
    ],
    bootsKernel: true,
    prompts: ['/ #'],
    deviceType: 'qemu',
    timeout: 303,
    nfs: true,
    metadata: { a: '1' },
  });
});

it.each([
  ['nothing', undefined],
  ['text', 'hello'],
  ['broken YAML', 'actions: ['],
  ['a list', '- actions'],
  [
    'aliases of aliases',
    Array.from({ length: 40 }, (_, i) => `a${i + 1}: &x${i + 1} [*x${i}, *x${i}]`).join('\n'),
  ],
])('%s says nothing', (_what, text) => {
  expect(readOutline(text)).toEqual(NOTHING);
});

it('mappings as the keys of mappings take no time', () => {
  const keys = `${'{'.repeat(40)}a${': 1}'.repeat(40)}`;

  expect(readOutline(`device_type: qemu\nodd: ${keys}\n`)).toEqual({ ...NOTHING, deviceType: 'qemu' });
});
