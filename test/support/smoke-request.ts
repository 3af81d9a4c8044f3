// The request behind the captured callbacks: two suites on QEMU, and the boot itself.

export const SMOKE_REQUEST = {
  node: {
    id: '66c0ffee0000000000000003',
    kind: 'job',
    name: 'baseline-x86',
    path: ['checkout', 'kbuild-gcc-14-x86', 'baseline-x86'],
    parent: '66c0ffee0000000000000002',
    state: 'available',
    data: { runtime: 'lava-mylab', platform: 'qemu-x86_64', arch: 'x86_64' },
    retry_counter: 0,
  },
  definition: {
    artifacts: { kernel: 'https://files.example/bzImage' },
    tests: [
      { id: 'boot-test', type: 'boot' },
      { id: 'smoke', type: 'ltp' },
      { id: 'second-suite', type: 'shell' },
    ],
  },
};
