import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ConfigError } from '../../src/core/errors.ts';
import { loadBoards } from '../../src/catalog/boards.ts';
import { loadPlans } from '../../src/catalog/plans.ts';
import { expectedTestsFor } from '../../src/templates/expected-tests.ts';
import { metadataUrl } from '../../src/templates/artifacts.ts';
import { looksLikeMember, OUTSIDE_FAMILIES } from '../../src/templates/tests.ts';
import { createRenderer } from '../../src/templates/renderer.ts';
import { makeFiles } from '../support/folder.ts';
import { matrix } from './matrix.ts';
import {
  buildUrl,
  makeInput,
  makeRequest,
  NODE_ID,
  readDefinition,
  render,
  ROOT,
  shipped,
} from './support.ts';

const RPI = 'bcm2711-rpi-4-b';
const artifacts = { kernel: 'https://a.example/Image', ramdisk: 'https://a.example/rootfs.cpio.gz' };

function pull(tests: unknown[], more: Record<string, unknown> = {}, platform = 'qemu-arm64') {
  return makeRequest({ name: 'pulled', platform, definition: { artifacts, tests, ...more } });
}

function testActions(request: ReturnType<typeof makeRequest>): Record<string, never>[] {
  return readDefinition(render(request).definition)
    .actions.map((action) => action['test'])
    .filter((action) => action !== undefined);
}

it('names the node in the job’s name and metadata, and asks LAVA for one callback with everything', () => {
  const { definition, jobName } = render(makeRequest({ name: 'baseline-arm64', platform: RPI }));

  const job = readDefinition(definition);
  expect(jobName).toBe(`[production] ${NODE_ID} baseline-arm64 v6.18-12-g0123456789ab`);
  expect(job).toMatchObject({
    job_name: jobName,
    metadata: { node_id: NODE_ID },
    notify: {
      criteria: { status: 'finished' },
      callback: {
        method: 'POST',
        dataset: 'all',
        'content-type': 'json',
        token: 'kernelci-api-token-staging',
      },
    },
    timeouts: { queue: { days: 2 } },
  });
});

it('keeps the node’s id and the mark in the name, however long the rest is', () => {
  const mark = `mark-${'m'.repeat(60)}`;

  const { jobName } = render(makeRequest({ name: 'baseline-x'.padEnd(200, 'x'), platform: RPI }), { mark });

  expect(jobName).toHaveLength(200);
  expect(jobName).toContain(NODE_ID);
  expect(jobName.endsWith(` ${mark}`)).toBe(true);
});

it('sends the token in another header if the lab says so', () => {
  const request = makeRequest({ name: 'baseline-arm64', platform: RPI });
  const input = makeInput(request);
  const lab = { ...input.lab, callback: { ...input.lab.callback, header: 'X-Lava-Token' } };

  expect(readDefinition(render(request, { lab }).definition)).toMatchObject({
    notify: { callback: { header: 'X-Lava-Token' } },
  });
});

it('lets the whole job take what its actions may take, a repeated boot counted twice', () => {
  const { jobTimeoutMs } = render(makeRequest({ name: 'baseline-arm64', platform: RPI }));

  expect(jobTimeoutMs / 60_000).toBe(5 + 10 + 2 * 20 + 1);
});

it('refuses a job that may take longer than the board allows', () => {
  const board = { ...shipped.boards.get(RPI, undefined), limits: { max_job_timeout: 50 * 60_000 } };

  expect(() => render(makeRequest({ name: 'baseline-arm64', platform: RPI }), { board })).toThrow(
    expect.objectContaining({ code: 'job_too_long' }),
  );
});

it.each([
  ['Image', { type: 'image' }],
  ['Image.gz', { type: 'image', compression: 'gz' }],
  ['zImage', { type: 'zimage' }],
  ['uImage', { type: 'uimage' }],
])('tells U-Boot what kind of file %s is', (kernel, expected) => {
  const { definition } = render(makeRequest({ name: 'baseline-arm64', platform: RPI, kernel }));

  const deploy = readDefinition(definition).actions[0]?.['deploy'] as unknown as { kernel: unknown };
  expect(deploy.kernel).toEqual({ url: `${buildUrl()}${kernel}`, ...expected });
});

it('boots a kernel by Maestro’s word for it when the file’s name says nothing', () => {
  const kernel = 'https://a.example/linux-6.18';
  const request = pull(
    [{ id: 'a', type: 'boot' }],
    { artifacts: { ...artifacts, kernel, dtb: 'https://a.example/x.dtb' } },
    RPI,
  );

  expect(
    render({ ...request, node: { ...request.node, data: { ...request.node.data, kernel_type: 'image' } } })
      .definition,
  ).toContain('type: image');
});

it.each([
  ['a build without a kernel', { kernel: undefined }, 'missing_kernel', 'kbuild.artifacts.kernel'],
  ['a kernel that is no URL', { kernel: 'Image' }, 'bad_url', 'kbuild.artifacts.kernel'],
  ['an empty kernel', { kernel: '' }, 'missing_kernel', 'kbuild.artifacts.kernel'],
  [
    'a kernel that U-Boot cannot boot',
    { kernel: 'https://a.example/bzImage' },
    'unsupported_kernel',
    'kernel',
  ],
  ['modules by FTP', { modules: 'ftp://a.example/m.tar.xz' }, 'bad_url', 'kbuild.artifacts.modules'],
  ['no kselftest', { kselftest_tar_xz: undefined }, 'missing_kselftest', 'kbuild.artifacts.kselftest_tar_xz'],
])('refuses %s, naming the field', (_, changes, code, field) => {
  const good = {
    kernel: `${buildUrl()}Image`,
    kselftest_tar_xz: `${buildUrl()}k.tar.xz`,
    metadata: `${buildUrl()}m.json`,
  };
  const all = Object.entries({ ...good, ...changes }).filter(([, v]) => v !== undefined);
  const request = makeRequest({
    name: 'kselftest-mm',
    platform: RPI,
    artifacts: Object.fromEntries(all) as Record<string, string>,
  });

  expect(() => render(request)).toThrow(expect.objectContaining({ code, field }));
});

it('has no modules where the build has none', () => {
  const kernel = `${buildUrl()}Image`;
  const request = makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64', artifacts: { kernel } });

  expect(render(request).definition).not.toContain('modules');
});

it('takes the first device tree that the build has, and refuses when it has none', () => {
  const request = makeRequest({ name: 'baseline-arm', platform: 'beaglebone-black', kernel: 'zImage' });
  const board = shipped.boards.get('beaglebone-black', undefined);
  const second = board.dtb[1] ?? '';

  expect(metadataUrl(request, board)).toBe(`${buildUrl()}metadata.json`);
  expect(render(request, { dtbs: { [second]: 'https://a.example/b.dtb' } }).definition).toContain(
    'https://a.example/b.dtb',
  );
  for (const dtbs of [{}, undefined, { [second]: '' }]) {
    expect(() => render(request, { dtbs })).toThrow(
      expect.objectContaining({ code: 'dtb_not_found', field: 'kbuild.artifacts.metadata' }),
    );
  }
});

it('asks for no metadata where none is needed', () => {
  const given = pull(
    [{ id: 'a', type: 'boot' }],
    { artifacts: { ...artifacts, dtb: 'https://a.example/b.dtb' } },
    RPI,
  );

  expect(metadataUrl(given, shipped.boards.get(RPI, undefined))).toBeUndefined();
  expect(metadataUrl(given, shipped.boards.get('qemu-arm64', undefined))).toBeUndefined();
});

it('boots from NFS when the request brings a root file system, with the initrd next to it', () => {
  const rootfs = 'https://a.example/trixie/full.rootfs.tar.xz';
  const request = pull(
    [{ id: 'a', type: 'boot' }],
    { artifacts: { ...artifacts, rootfs, dtb: 'https://a.example/b.dtb' } },
    RPI,
  );

  const { definition, expectedTests: expected } = render(request);

  expect(readDefinition(definition).actions).toMatchObject([
    {
      deploy: {
        nfsrootfs: { url: rootfs, compression: 'xz' },
        ramdisk: { url: 'https://a.example/trixie/initrd.cpio.gz', compression: 'gz' },
        os: 'debian',
      },
    },
    { boot: { commands: 'nfs' } },
    {},
  ]);
  expect(expected.bootPath).toBe('boot.nfs');
});

it.each(['dragonboard-410c', 'qcs6490-rb3gen2', 'seco-b68'])('refuses an NFS boot of %s', (platform) => {
  const request = makeRequest({ name: 'baseline-nfs-arm64', platform });

  expect(() => render(request)).toThrow(
    expect.objectContaining({ code: 'unsupported_boot', field: 'node.name' }),
  );
});

it('takes the board’s own root file system in place of a set, and where none is named', async () => {
  const boards = await loadBoards({
    own: await makeFiles({
      'b.yaml': [
        'name: b',
        'arch: arm64',
        'boot_method: qemu',
        'rootfs:',
        '  buildroot-baseline: { ramdisk: "http://lab/{brarch}/{debarch}.cpio.gz" }',
        '  trixie-ltp: trixie',
        '  default: { ramdisk: "http://lab/any.cpio.gz" }',
      ].join('\n'),
    }),
  });
  const board = boards.get('b', undefined);
  const definitionOf = (name: string, definition?: unknown) =>
    render(makeRequest({ name, platform: 'b', definition }), { board }).definition;

  expect(definitionOf('baseline-arm64')).toContain('http://lab/arm64/arm64.cpio.gz');
  expect(definitionOf('ltp-math')).toContain('debian/trixie/');
  const tests = [{ id: 'a', type: 'boot' }];
  expect(definitionOf('x', { artifacts: { kernel: artifacts.kernel }, tests })).toContain(
    'http://lab/any.cpio.gz',
  );
});

it.each([
  ['definition.protocols', { protocols: { 'lava-multinode': {} } }, [{ id: 'a', type: 'boot' }]],
  ['definition.tests.0.role', {}, [{ id: 'a', type: 'boot', role: ['server'] }]],
])('refuses jobs of several boards (%s)', (field, more, tests) => {
  expect(() => render(pull(tests, more))).toThrow(expect.objectContaining({ code: 'multinode', field }));
});

it.each([
  [{ id: 'a', type: 'dance' }, 'unsupported_test', 'definition.tests.0.type'],
  [{ id: 'a', type: '../job' }, 'unsupported_test', 'definition.tests.0.type'],
  [{ id: 'a', type: 'kselftest' }, 'missing_kselftest', 'kbuild.artifacts.kselftest_tar_xz'],
  [{ id: 'a', type: 'rt-tests' }, 'missing_parameter', 'definition.tests.0'],
  [{ id: 'a', type: 'shell' }, 'unsupported_test', 'definition.tests.0.commands'],
  [{ id: 'a', type: 'shell', commands: [1] }, 'bad_command', 'definition.tests.0.commands.0'],
  [{ id: 'a', type: 'ltp', parameters: 'oops' }, 'bad_parameters', 'definition.tests.0.parameters'],
  [{ id: 'a', type: 'ltp', parameters: 'a="b' }, 'bad_parameters', 'definition.tests.0.parameters'],
  [{ id: 'a', type: 'ltp', parameters: "skipfile=a'b'" }, 'bad_parameters', 'definition.tests.0.parameters'],
  [
    { id: 'a', type: 'rt-tests', parameters: 'tst_cmd=../x' },
    'bad_parameters',
    'definition.tests.0.parameters.tst_cmd',
  ],
  [{ id: 'a', type: 'wifi-basic', subset: ['x'] }, 'unsupported_test', 'definition.tests.0.subset'],
  [{ id: 'a', type: 'boot', depends: ['b'] }, 'bad_depends', 'definition.tests.0.depends'],
  [{ id: 'a', type: 'boot', depends: ['a'] }, 'bad_depends', 'definition.tests.0.depends'],
  [{ id: 'a\nb', type: 'boot' }, 'bad_name', 'definition.tests.0.id'],
  [{ id: 'a', type: 'git', repository: 'https://a/b.git' }, 'bad_parameters', 'definition.tests.0.path'],
  [
    { id: 'a', type: 'git', repository: 'https://a/b.git', path: 'x', parameters: 'a-b=c' },
    'bad_parameters',
    'definition.tests.0.parameters',
  ],
  [{ id: 'a', type: 'inline' }, 'unsupported_test', 'definition.tests.0.definition'],
  [
    { id: 'a', type: 'inline', definition: { run: { step: [] } } },
    'bad_parameters',
    'definition.tests.0.definition.run.steps',
  ],
])('refuses the test %j', (test, code, field) => {
  expect(() => render(pull([test]))).toThrow(expect.objectContaining({ code, field }));
});

it('refuses two tests of one name, and a request without plan and definition', () => {
  const twice = pull([
    { id: 'a.b', type: 'boot' },
    { id: 'a b', type: 'boot' },
  ]);

  expect(() => render(twice)).toThrow(
    expect.objectContaining({ code: 'bad_name', field: 'definition.tests.1.id' }),
  );
  expect(() => render(makeRequest({ name: 'no-such-plan', platform: RPI }))).toThrow(
    expect.objectContaining({ code: 'unknown_plan', field: 'node.name' }),
  );
});

it('maps the tests of a pull lab onto templates, in the order that they depend on each other', () => {
  const request = pull([
    { id: 'last', type: 'shell', commands: ['uname -a'], depends: ['ltp-smoke'], timeout_s: 90 },
    {
      id: 'ltp-smoke',
      type: 'ltp',
      parameters: 'tst_cmdfiles=smoketest workers=max env="a b"',
      timeout_s: 3600,
    },
    { id: 'kselftest-devices/exist', type: 'kselftest-devices/exist', subset: ['a', 'b'] },
  ]);
  const withKselftest = {
    ...request,
    definition: {
      ...request.definition,
      artifacts: { ...artifacts, kselftest: 'https://a.example/kselftest.tar.xz' },
    },
  } as typeof request;

  const { expectedTests: expected, definition } = render(withKselftest);

  const tests = readDefinition(definition).actions.slice(2) as unknown as {
    test: { timeout: unknown; definitions: unknown[] };
  }[];
  expect(tests).toMatchObject([
    {
      test: {
        timeout: { minutes: 60 },
        definitions: [
          {
            name: 'ltp-smoke',
            parameters: { TST_CMDFILES: 'smoketest', KIRK_WORKERS: 'max', SKIP_INSTALL: 'true' },
          },
        ],
      },
    },
    {
      test: {
        timeout: { seconds: 90 },
        definitions: [{ name: 'last', repository: { run: { steps: ['uname -a'] } } }],
      },
    },
    {
      test: {
        definitions: [
          { name: 'timesync-off' },
          {
            name: 'kselftest-devices_exist',
            parameters: {
              TST_CMDFILES: 'devices/exist',
              TST_CASENAME: 'a b',
              KSELFTEST_PATH: '/opt/kselftests/mainline/',
            },
          },
        ],
      },
    },
  ]);
  expect(expected).toEqual({
    bootPath: 'boot',
    roots: [
      { path: 'ltp', definitions: ['ltp-smoke'], measurements: [] },
      { path: 'shell', definitions: ['last'], measurements: [] },
      { path: 'kselftest.devices_exist', definitions: ['kselftest-devices_exist'], measurements: [] },
    ],
    helpers: ['timesync-off'],
  });
});

it('puts commands before and after a test into definitions of their own, which are helpers', () => {
  const request = pull([{ id: 'b', type: 'boot', 'pre-commands': ['a; b'], 'post-commands': ['c'] }]);

  expect(testActions(request)).toMatchObject([
    { definitions: [{ name: 'b-pre', repository: { run: { steps: ['a; b'] } } }] },
    { definitions: [{ name: 'b' }] },
    { definitions: [{ name: 'b-post', repository: { run: { steps: ['c'] } } }] },
  ]);
  expect(render(request).expectedTests).toMatchObject({
    roots: [{ path: 'boot', definitions: ['b'] }],
    helpers: ['b-pre', 'b-post'],
  });
});

it('runs the commands of a shell test with those around it in one definition', () => {
  const request = pull([
    { id: 's', type: 'shell', commands: ['b'], 'pre-commands': ['a'], 'post-commands': ['c'] },
  ]);

  expect(testActions(request)).toMatchObject([
    { definitions: [{ name: 's', repository: { run: { steps: ['a', 'b', 'c'] } } }] },
  ]);
});

it('takes suites and measurements from the plan, also for jobs that bring their own definition', async () => {
  const plans = await loadPlans({
    own: await makeFiles({
      'p.yaml': [
        'plans:',
        '  my-*:',
        '    tests:',
        "      - { type: ltp, suite: 'mine.{*}', measurements: [speed], params: { tst_cmdfiles: '{*}' } }",
        'rootfs: { default: { ramdisk: "http://a/r.cpio.gz" } }',
      ].join('\n'),
    }),
  });
  const root = { path: 'mine.job', measurements: ['speed'] };

  const planned = render(makeRequest({ name: 'my-job', platform: 'qemu-arm64' }), { plans });
  const pulled = render(
    makeRequest({
      name: 'my-job',
      platform: 'qemu-arm64',
      definition: { artifacts, tests: [{ id: 'x', type: 'ltp' }] },
    }),
    { plans },
  );

  expect(planned.expectedTests.roots).toEqual([{ ...root, definitions: ['my-job'] }]);
  expect(planned.definition).toContain('TST_CMDFILES: job');
  expect(pulled.expectedTests.roots).toEqual([{ ...root, definitions: ['x'] }]);
});

it('knows the shipped types that are named like members of a family', () => {
  expect(shipped.renderer.names('test').filter(looksLikeMember)).toEqual(OUTSIDE_FAMILIES);
});

it('knows without the templates what a request asks for', () => {
  const requests = [
    makeRequest({ name: 'kselftest-futex', platform: RPI, configFull: 'coverage' }),
    makeRequest({ name: 'baseline-nfs-arm64', platform: RPI }),
    makeRequest({ name: 'watchdog-reset-arm64-mediatek', platform: RPI }),
    makeRequest({
      name: 'ltp-smoke',
      platform: 'qemu-arm64',
      definition: { artifacts: { kernel: artifacts.kernel }, tests: [{ id: 'x', type: 'ltp' }] },
    }),
    pull([{ id: 'b', type: 'ltp-syscalls', 'pre-commands': ['a'], 'post-commands': ['c'] }]),
  ];
  for (const request of requests) {
    const { expectedTests: expected } = render(request, {
      uploads: { url: 'https://a.example', tokenName: 't' },
    });

    const offline = expectedTestsFor(request, shipped.plans, shipped.boards);

    expect({ ...offline, helpers: [] }).toEqual({ ...expected, helpers: [] });
    expect(offline.helpers).toEqual(expect.arrayContaining(expected.helpers));
  }
});

it.each([
  [{ tree_priority: 'high' }, 'service:pipeline', 60],
  [{ tree_priority: 'low' }, 'service:pipeline', 20],
  [{}, 'service:pipeline', 60], // mainline
  [{ priority: 'low' }, 'user:me@example.org', 20],
  [{ priority: 55 }, 'user:me@example.org', 55],
  [{ priority: 'Medium' }, 'user:me@example.org', 40],
  [{ tree_priority: 'HIGH' }, 'service:pipeline', 60],
  [{}, 'user:me@example.org', 80],
  [{ tree_priority: 'odd' }, undefined, 60],
])('scales the priority of %j for %s into the lab’s range', (data, submitter, base) => {
  const request = makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64' });
  const node = {
    ...request.node,
    submitter,
    data: { ...request.node.data, tree_priority: undefined, ...data },
  };
  const input = makeInput({ ...request, node });

  expect(render({ ...request, node }).priority).toBe(Math.floor((base * 20) / 100 + 40));
  expect(
    render({ ...request, node }, { lab: { ...input.lab, priority: { min: 0, max: 49 } } }).priority,
  ).toBe(Math.floor((base * 49) / 100));
});

it('puts kernel arguments where the boot method takes them', () => {
  const context = (platform: string, name = 'kselftest-mm') =>
    readDefinition(render(makeRequest({ name, platform })).definition)['context'];

  expect(context(RPI)).toEqual({ extra_kernel_args: 'secretmem.enable kpti=off' });
  expect(context('qemu-arm64')).toMatchObject({ extra_nfsroot_args: ' secretmem.enable kpti=off' });
  const request = makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64' });
  const board = { ...shipped.boards.get('qemu-arm64', undefined), params: { extra_kernel_args: 'a=b' } };
  expect(render(request, { board }).definition).toContain('earlycon a=b\\"');
  for (const bad of ['a"b', "a'b", 'a;b', 'a\nb', '$(x)']) {
    expect(() => render(request, { board: { ...board, params: { extra_kernel_args: bad } } })).toThrow(
      expect.objectContaining({ code: 'bad_kernel_args' }),
    );
  }
});

it('runs QEMU in a container where the board says so', () => {
  const board = { ...shipped.boards.get('qemu-arm64', undefined), params: { docker_image: 'kernelci/qemu' } };

  expect(
    render(makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64' }), { board }).definition,
  ).toMatch(/docker:\n +image: kernelci\/qemu\n +binary: qemu-system-aarch64/);
});

it('keeps addresses in the context as texts', async () => {
  const boards = await loadBoards({
    own: await makeFiles({
      'a.yaml':
        'name: a\narch: arm\nboot_method: u-boot\ncontext: { bootm_ramdisk_addr: 0x04000000, bootz_ramdisk_addr: "0x04000000" }\n',
    }),
  });

  const { definition } = render(makeRequest({ name: 'baseline-arm', platform: 'a', kernel: 'zImage' }), {
    board: boards.get('a', undefined),
  });

  expect(definition).toContain('bootm_ramdisk_addr: "0x04000000"\n  bootz_ramdisk_addr: "0x04000000"');
});

it('uploads coverage with a token that only LAVA knows', () => {
  const request = makeRequest({ name: 'kselftest-futex', platform: RPI, configFull: 'defconfig+coverage' });

  const job = readDefinition(
    render(request, { uploads: { url: 'https://f.example/', tokenName: 'the-token' } }).definition,
  );

  expect(job['secrets']).toEqual({ UPLOAD_TOKEN: 'the-token' });
  expect(JSON.stringify(job)).toContain('https://f.example/upload');
  expect(readDefinition(render(request).definition)['secrets']).toBeUndefined();
});

it('uses a board’s own templates, and those of the admin’s directory', async () => {
  const own = await makeFiles({
    'boot/mine.yaml.hbs': '- boot: { method: minimal, prompts: {{params.prompts}} }\n',
    'test/my-ltp.yaml.hbs': '{{> test/shell test=(lookup this "test")}}\n',
  });
  const renderer = await createRenderer({ shipped: `${ROOT}/job-templates`, own });
  const board = {
    ...shipped.boards.get('qemu-arm64', undefined),
    params: { prompts: ['#'] },
    templates: { boot: 'mine', test: {} },
  };

  const { definition } = renderer.render({
    ...makeInput(makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64' })),
    board,
  });

  expect(readDefinition(definition).actions[0]).toEqual({ boot: { method: 'minimal', prompts: ['#'] } });
});

it.each([
  ['job.yaml.hbs', 'job_name: {{job.name}}\n', 'visibility'],
  ['boot/qemu.yaml.hbs', '- boot: { method: qemu, surprise: 1 }\n', 'actions.0.boot.surprise'],
  ['boot/qemu.yaml.hbs', '- boot: { method: teleport }\n', 'actions.0.boot.method'],
  ['boot/qemu.yaml.hbs', '- boot:\n    method: qemu\n    prompts:\n', 'actions.0.boot.prompts'],
])('says what LAVA would not take in what a template makes (%s)', async (file, text, field) => {
  const own = await makeFiles({ [file]: text });
  const renderer = await createRenderer({ shipped: `${ROOT}/job-templates`, own });
  const input = makeInput(makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64' }));

  expect(() => renderer.render(input)).toThrow(expect.objectContaining({ code: 'template', field }));
});

it('insists on a callback, whatever the job template says', async () => {
  const job = [
    'job_name: {{job.id}}',
    'device_type: {{device_type}}',
    'visibility: public',
    'timeouts: { job: { minutes: 30 } }',
    'metadata: {{metadata}}',
    'actions:',
    '{{> (lookup this "boot_template")}}',
    '',
  ].join('\n');
  const renderer = await createRenderer({
    shipped: `${ROOT}/job-templates`,
    own: await makeFiles({ 'job.yaml.hbs': job }),
  });

  expect(() =>
    renderer.render(makeInput(makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64' }))),
  ).toThrow(expect.objectContaining({ code: 'template', field: 'notify' }));
});

it('throws ConfigError for templates at fault', async () => {
  const own = await makeFiles({ 'test/boot.yaml.hbs': '- test: {{{x}}}\n' });

  await expect(createRenderer({ shipped: `${ROOT}/job-templates`, own })).rejects.toBeInstanceOf(ConfigError);
});

it('makes shell scripts that a shell can read', { timeout: 300_000 }, async () => {
  // Most definitions share their actions: each is read once.
  const actions = new Set<string>();
  for (const { input } of matrix()) {
    let text: string;
    try {
      ({ definition: text } = shipped.renderer.render(input));
    } catch {
      continue; // what a board cannot do is tested elsewhere
    }
    for (const [action] of text.matchAll(/^- \w+:\n(?:(?: .*)?\n)+/gm)) actions.add(action);
  }
  const scripts = new Set<string>();
  for (const action of actions) collectSteps(parse(action, { version: '1.1' }), scripts);
  expect(scripts.size).toBeGreaterThan(20);
  const files = await makeFiles(Object.fromEntries([...scripts].map((text, i) => [`${i}.sh`, text])));
  const read = 'for f in *.sh; do sh -n "$f" || exit 1; done';
  expect(spawnSync('sh', ['-c', read], { cwd: files, encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

function collectSteps(value: unknown, scripts: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'steps' && Array.isArray(inner)) scripts.add(`${inner.join('\n')}\n`);
    else collectSteps(inner, scripts);
  }
}

it('says which parameters of a request’s tests nothing reads', () => {
  const { unread } = render(
    pull([
      { id: 'a', type: 'shell', commands: ['true'], parameters: 'RUNNER=/x', depends: [] },
      { id: 'b', type: 'ltp-syscalls', parameters: 'workers=2 fault_percnt=5', depends: [] },
      { id: 'c', type: 'git', repository: 'https://g.example/t', path: 't.yaml', parameters: 'ANY=1' },
      { id: 'd', type: 'sleep', parameters: 'sleep_params=freeze' },
      { id: 'e', type: 'inline', definition: { run: { steps: ['true'] } } },
    ]),
  );

  expect(unread).toEqual(['definition.tests.0: RUNNER', 'definition.tests.1: fault_percnt']);
  expect(render(makeRequest({ name: 'baseline-arm64', platform: RPI })).unread).toEqual([]);
});

describe('a test of PREEMPT_RT', () => {
  const RT = 'kbuild-gcc-14-arm64-preempt_rt';
  const base = shipped.boards.get('bcm2711-rpi-4-b', undefined);

  function parametersOf(
    command: string,
    cpus: number | undefined,
    params: Record<string, unknown> = {},
  ): unknown {
    const { cpus: _, ...rest } = base;
    const board = cpus === undefined ? rest : { ...rest, cpus };
    const request = makeRequest({ name: `rt-tests-${command}`, platform: base.name, build: RT });
    const plan = shipped.plans.find(request.node.name);
    if (plan === undefined) throw new Error('no plan');
    const tests = plan.tests.map((test) => ({
      ...test,
      params: { ...test.params, ...params } as typeof test.params,
    }));
    const plans = { ...shipped.plans, find: () => ({ ...plan, tests }) };
    const { actions } = readDefinition(render(request, { board, plans }).definition);
    return (actions[2] as unknown as { test: { definitions: { parameters: unknown }[] } }).test.definitions[0]
      ?.parameters;
  }

  it.each([
    [undefined, {}, 90],
    [4, {}, 90],
    [16, {}, 83],
    [4, { priority: '96' }, 95],
    [4, { priority: 80 }, 80],
  ])('leaves rt-migrate-test’s threads room on a board with %s CPUs, given %j', (cpus, params, priority) => {
    expect(parametersOf('rt-migrate-test', cpus, params)).toMatchObject({ PRIORITY: priority });
  });

  it.each([
    [undefined, {}, undefined],
    [1, {}, undefined],
    [2, {}, '0-1'],
    [1, { affinity: '0' }, '0'],
  ])('is bound to CPUs that a board with %s of them has, given %j', (cpus, params, affinity) => {
    expect((parametersOf('cyclictest', cpus, params) as Record<string, unknown>)['AFFINITY']).toBe(affinity);
  });
});

describe('the token of the storage', () => {
  const uploads = { url: 'https://files.example', tokenName: 'storage-token' };

  it.each([
    ['kselftest-futex', true],
    ['ltp-smoke', true],
    ['baseline-arm64', false],
    ['kvm-unit-tests', false],
  ])('goes to the board of a coverage build’s %s: %s', (name, isThere) => {
    const request = makeRequest({ name, platform: 'bcm2711-rpi-4-b', configFull: 'defconfig+coverage' });

    expect(readDefinition(render(request, { uploads }).definition)['secrets']).toEqual(
      isThere ? { UPLOAD_TOKEN: 'storage-token' } : undefined,
    );
  });
});

it('sends the signals of a board’s tests through the kernel’s log if its file says so', () => {
  const base = shipped.boards.get('bcm2711-rpi-4-b', undefined);
  const board = { ...base, params: { ...base.params, lava_signal: 'kmsg' } };
  const request = makeRequest({ name: 'kselftest-futex', platform: base.name });

  const { actions } = readDefinition(render(request, { board }).definition);

  const { test } = actions[2] as unknown as { test: { definitions: Record<string, unknown>[] } };
  expect(test.definitions.map((definition) => definition['lava-signal'])).toEqual(['kmsg', 'kmsg']);
});

it('puts modules into the NFS root alone where GRUB loads the initrd', () => {
  const request = makeRequest({ name: 'baseline-nfs-arm64', platform: 'cd8180-orion-o6' });

  const { actions } = readDefinition(render(request).definition);

  expect(actions[0]).toMatchObject({
    deploy: { modules: { compression: 'xz' }, ramdisk: { install_modules: false } },
  });
});
