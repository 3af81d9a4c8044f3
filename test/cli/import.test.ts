import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, it, vi } from 'vitest';
import { addImport } from '../../src/cli/import.ts';
import { addRender } from '../../src/cli/render.ts';
import { startLavaSimulator } from '../../src/sim/lava/simulator.ts';
import { makeFiles, newFolder } from '../support/folder.ts';
import { listen } from '../support/listen.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closers.splice(0)) await close();
});

/** Runs a command, and gives what it printed. */
async function run(...args: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addImport(program);
  addRender(program);
  await program.parseAsync(args, { from: 'user' });
  write.mockRestore();
  return printed;
}

/** Answers every request with the metadata of a build that has one device tree. */
async function startFiles(): Promise<string> {
  return listen((request, response) => {
    const file = `http://files.example${request.url?.replace('metadata.json', '') ?? ''}dtbs/v/rk1.dtb`;
    response.end(JSON.stringify({ artifacts: { 'dtbs/v/rk1.dtb': file } }));
  });
}

async function kernelciFolder(filesUrl = 'https://files.example'): Promise<string> {
  return makeFiles({
    'config.yaml': `
api: { production: { url: 'https://api.example' } }
storage: { kci-storage-production: { storage_type: backend, base_url: '${filesUrl}/' } }
runtimes: { lava-one: { lab_type: lava, url: 'https://lava.example', notify: { callback: { token: t } } } }
platforms:
  rk1: { arch: arm64, boot_method: u-boot, dtb: dtbs/v/rk1.dtb }
  model: { arch: arm64, boot_method: fvp }
rootfs: { r: { ramdisk: 'http://s.example/{brarch}/rootfs.cpio.gz' } }
jobs:
  kbuild-x: { template: kbuild.jinja2, kind: kbuild, params: { arch: arm64 } }
  baseline: { template: baseline.jinja2, kind: job, kcidb_test_suite: boot, params: { rootfs_ref: r } }
scheduler:
  - { job: kbuild-x, event: { kind: checkout }, runtime: { name: k8s } }
  - job: baseline
    event: { channel: node, kind: kbuild, name: kbuild-x, state: available }
    runtime: { type: lava, name: lava-one }
    platforms: [rk1, model]
`,
  });
}

it('imports, and ends with a table of what came over and why the rest did not', async () => {
  const out = join(await newFolder(), 'out');

  const text = await run('import', 'kernelci', await kernelciFolder(), '--out', out);

  expect(text).toMatch(/^ +there +came over +did not\n/);
  expect(text).toMatch(/^platforms +2 +1 +1$/m);
  expect(text).toMatch(/^combinations on LAVA labs +2 +1 +1$/m);
  expect(text).toMatch(/^Not brought over$/m);
  expect(text).toContain('platforms: boots by fvp, which is no way to boot with LAVA here: model');
  expect(text).toMatch(/^To fill in$/m);
  expect((await readdir(out, { recursive: true })).toSorted()).toEqual([
    'device-types',
    'device-types/rk1.yaml',
    'lava-bridge.yaml',
    'plans',
    'plans/kernelci-boot.yaml',
    'plans/kernelci-rootfs.yaml',
    'plans/kernelci-triggers.yaml',
    'plans/trees.yaml',
  ]);
});

it('prints the same as JSON', async () => {
  const out = join(await newFolder(), 'out');

  const report: unknown = JSON.parse(
    await run('import', 'kernelci', await kernelciFolder(), '--out', out, '--json'),
  );

  expect(report).toMatchObject({
    combinations: { lava: { found: 2, twice: 0, rendered: 1, refused: 1 } },
    refused: [{ reason: 'platform model did not come over', combinations: 1 }],
    not_brought: expect.arrayContaining([
      { kind: 'platforms', reason: 'boots by fvp, which is no way to boot with LAVA here', names: ['model'] },
    ]),
  });
});

it('makes a folder and a list that render takes as they stand, with no secret', async () => {
  const out = join(await newFolder(), 'out');
  const list = join(await newFolder(), 'list.jsonl');
  const dir = await kernelciFolder(await startFiles());
  const base = 'https://bridge.example';

  await run(
    'import',
    'kernelci',
    dir,
    '--out',
    out,
    '--list',
    list,
    '--callback-base',
    base,
    '--instance',
    'mine',
  );
  const lines = (await run('render', '--config', join(out, 'lava-bridge.yaml'), '--batch', list))
    .trimEnd()
    .split('\n');

  const answers = lines.map(
    (line) => JSON.parse(line) as { id: string; definition?: string; error?: object },
  );
  expect(answers.map(({ id }) => id)).toEqual([
    'baseline rk1 lava-one kbuild-x',
    'baseline model lava-one kbuild-x',
  ]);
  expect(answers[0]?.definition).toContain('job_name: "[mine] ');
  expect(answers[0]?.definition).toContain('/dtbs/v/rk1.dtb');
  expect(answers[0]?.definition).toContain(`${base}/callback/lava-one/`);
  expect(answers[1]?.error).toMatchObject({ code: 'unknown_board', field: 'node.data.platform' });
});

it('refuses a folder that is not empty, and one that is no configuration', async () => {
  const out = await makeFiles({ 'mine.txt': 'x' });

  await expect(run('import', 'kernelci', await kernelciFolder(), '--out', out)).rejects.toMatchObject({
    code: 'not_empty',
  });
  await expect(run('import', 'kernelci', await newFolder(), '--out', join(out, 'x'))).rejects.toMatchObject({
    problems: [{ code: 'unreadable' }],
  });
  await expect(run('import', 'kernelci', '.')).rejects.toMatchObject({
    code: 'commander.missingMandatoryOptionValue',
  });
  expect(await readdir(out)).toEqual(['mine.txt']);
});

it('imports a lab’s device types', async () => {
  const lava = await startLavaSimulator({});
  closers.push(lava.stop);
  const config = await makeFiles({
    'lava-bridge.yaml': `
labs:
  - name: lab-a
    origin: a
    lava: { url: '${lava.url}', user: ${lava.user}, token: ${lava.token} }
    callback: { token_name: n, token: t, url: 'http://127.0.0.1:1' }
report: { kcidb: off }
`,
  });
  const file = join(config, 'lava-bridge.yaml');
  const out = join(await newFolder(), 'types');

  const table = await run('import', 'lava', '--lab', 'lab-a', '--config', file, '--out', out);
  const text = await run('import', 'lava', '--lab', 'lab-a', '--config', file);

  expect(table).toMatch(/^DEVICE TYPE +DEVICES +ONLINE/);
  for (const name of await readdir(out)) {
    expect(text).toContain(`--- # ${name}\n${(await readFile(join(out, name), 'utf8')).trimEnd()}`);
  }
  await expect(run('import', 'lava', '--lab', 'lab-b', '--config', file)).rejects.toMatchObject({
    code: 'unknown_lab',
  });
});
