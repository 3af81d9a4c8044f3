import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BridgeError } from '../../src/core/errors.ts';
import { addTranslate, translate, type TranslateOptions } from '../../src/cli/translate.ts';
import { KcidbReport } from '../../src/kcidb/schema.ts';
import { statuses } from '../verdict/evidence.ts';
import { SMOKE_REQUEST } from '../support/smoke-request.ts';
import { newFolder } from '../support/folder.ts';

const CALLBACKS = join(import.meta.dirname, '..', 'fixtures', 'callbacks');
const capture = (name: string): string => join(CALLBACKS, `${name}.json`);

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(async () => {
  vi.restoreAllMocks();
});

const options = (name: string, more: Partial<TranslateOptions> = {}): TranslateOptions => ({
  callback: capture(name),
  format: 'kcidb',
  infrastructureStatus: 'ERROR',
  ...more,
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const body = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(capture(name), 'utf8')) as Record<string, unknown>;

/** Runs the command as the program does, which exits 1 with the message of what is thrown. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text);
    return true;
  });
  const program = new Command('lava-bridge').exitOverride();
  addTranslate(program);
  try {
    await program.parseAsync(['node', 'lava-bridge', 'translate', ...args]);
    return { code: 0, ...printed };
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { code: 1, out: printed.out, err: error.code };
  } finally {
    vi.restoreAllMocks();
  }
}

describe('the captures of a real lab', () => {
  it.each([
    ['complete', 'complete', { boot: 'PASS', smoke: 'FAIL', 'second-suite': 'PASS' }, 'fail'],
    [
      'validation',
      'no-kernel-started',
      { boot: 'MISS', smoke: 'MISS', 'second-suite': 'MISS' },
      'incomplete',
    ],
    ['boot-panic', 'crashed-in-boot', { boot: 'FAIL', smoke: 'MISS' }, 'fail'],
    ['boot-panic-hang', 'crashed-in-boot', { boot: 'FAIL', smoke: 'MISS' }, 'fail'],
    ['canceled-running', 'canceled', { boot: 'PASS', long: 'ERROR' }, 'incomplete'],
    ['canceled-waiting', 'never-ran', { boot: 'MISS', long: 'MISS' }, 'incomplete'],
    ['queue-timeout', 'never-ran', { boot: 'MISS', long: 'MISS' }, 'incomplete'],
    ['dataset-results', 'complete', { boot: 'PASS', smoke: 'PASS' }, 'pass'],
    ['deploy-404', 'no-kernel-started', { boot: 'MISS', smoke: 'MISS' }, 'incomplete'],
    ['killed', 'infrastructure', { boot: 'PASS', long: 'ERROR' }, 'incomplete'],
    ['multinode', 'complete', { boot: 'PASS', serving: 'PASS' }, 'pass'],
    ['test-panic', 'crashed-in-test', { boot: 'PASS', panic: 'FAIL' }, 'fail'],
    ['test-raise', 'test-cut-short', { boot: 'PASS', raiser: 'ERROR' }, 'incomplete'],
    ['test-timeout', 'test-cut-short', { boot: 'PASS', sleeper: 'ERROR' }, 'incomplete'],
  ])('%s: rule %s', async (name, rule, expected, node) => {
    const { verdict, report } = await translate(options(name));

    expect(verdict.rule).toBe(rule);
    expect(statuses(verdict)).toEqual(expected);
    expect(verdict.node.result).toBe(node);
    expect(KcidbReport.parse(report).tests?.length).toBeGreaterThanOrEqual(2);
  });

  it('have each case of a complete job as LAVA gave it', async () => {
    const { verdict } = await translate(options('complete'));

    expect(verdict.roots.flatMap((r) => r.leaves.map((l) => [l.path, l.status, l.number?.value]))).toEqual([
      ['smoke.pass-by-command', 'PASS', undefined],
      ['smoke.fail-by-command', 'FAIL', undefined],
      ['smoke.pass-by-result', 'PASS', undefined],
      ['smoke.fail-by-result', 'FAIL', undefined],
      ['smoke.skipped', 'SKIP', undefined],
      ['smoke.unknown', 'ERROR', undefined],
      ['smoke.measured', 'PASS', 12.5],
      ['smoke.uptime', 'PASS', 2.45],
      ['smoke.set-one.in-set', 'PASS', undefined],
      ['smoke.set-one.in-set-failing', 'FAIL', undefined],
      ['smoke.uname', 'PASS', undefined],
      ['second-suite.only-case', 'PASS', undefined],
    ]);
    expect(verdict.roots[0]?.leaves[0]).toMatchObject({
      startedAt: Date.UTC(2026, 10, 21, 16, 59, 11, 334),
      startLine: 572,
      endLine: 574,
    });
  });

  it('have one issue for the same panic in two jobs', async () => {
    const [a, b] = await Promise.all(
      ['boot-panic', 'boot-panic-hang'].map((name) => translate(options(name))),
    );

    expect(a?.verdict.issues.map((issue) => issue.signature)).toEqual(
      b?.verdict.issues.map((issue) => issue.signature),
    );
  });

  it.each(['dataset-minimal', 'dataset-logs'])('lack results: %s', async (name) => {
    await expect(translate(options(name))).rejects.toMatchObject({ code: 'no_results' });
  });

  it('are refused while the job runs', async () => {
    await expect(translate(options('running'))).rejects.toMatchObject({ code: 'not_finished' });
  });
});

describe('translate', () => {
  it('takes roots and names from a request', async () => {
    const request = await file('request.json', JSON.stringify(SMOKE_REQUEST));

    const { verdict, report } = await translate(options('complete', { request, origin: 'mylab' }));

    expect(statuses(verdict)).toEqual({ boot: 'PASS', ltp: 'FAIL', shell: 'PASS' });
    expect(verdict.roots[1]?.leaves.map((leaf) => leaf.path)).toEqual(['shell.second-suite.only-case']);
    expect(KcidbReport.parse(report).tests?.[0]).toMatchObject({
      id: 'mylab:lava-mylab-2-boot',
      build_id: 'maestro:66c0ffee0000000000000002',
      environment: { misc: { platform: 'qemu-x86_64' } },
      misc: { runtime: 'lava-mylab', retry_counter: 0 },
    });
  });

  it('calls the lab lava without a request, and takes origin and build as given', async () => {
    const plain = KcidbReport.parse((await translate(options('complete'))).report).tests?.[0];
    const told = KcidbReport.parse(
      (await translate(options('complete', { origin: 'mylab', buildId: 'b-1' }))).report,
    ).tests?.[0];
    const kbuild = await translate(options('complete', { buildId: '66c0ffee0000000000000002' }));

    expect(plain).toMatchObject({ id: 'lava:lava-2-boot', build_id: 'lava:lava-job-2', origin: 'lava' });
    expect(told).toMatchObject({ id: 'mylab:lava-2-boot', build_id: 'mylab:b-1', origin: 'mylab' });
    expect(KcidbReport.parse(kbuild.report).tests?.[0]?.build_id).toBe('maestro:66c0ffee0000000000000002');
  });

  it('reads a log of its own, packed or not, in place of the payload’s', async () => {
    const { log, ...rest } = await body('boot-panic');
    const callback = await file('callback.json', JSON.stringify(rest));
    const plain = await file('log.yaml', String(log));
    const packed = await file('log.yaml.gz', gzipSync(String(log)));

    const without = await translate(options('', { callback }));
    const withPlain = await translate(options('', { callback, log: plain }));
    const withPacked = await translate(options('', { callback, log: packed }));

    expect(without.verdict.rule).toBe('infrastructure');
    expect(withPlain.verdict.rule).toBe('crashed-in-boot');
    expect(withPacked.report).toEqual(withPlain.report);
    expect(withPlain.report).toEqual((await translate(options('boot-panic'))).report);
  });

  it('takes any id of a build that KCIDB takes, and gives a job that never ran a time', async () => {
    const { report } = await translate(options('canceled-waiting', { buildId: 'other:tree:main:1' }));

    expect(KcidbReport.parse(report).tests?.[0]).toMatchObject({
      build_id: 'other:tree:main:1',
      start_time: '2026-11-21T17:00:03.416Z',
    });
  });

  it('reads a packed payload', async () => {
    const callback = await file('callback.json.gz', gzipSync(await readFile(capture('test-panic'))));

    expect((await translate(options('', { callback }))).report).toEqual(
      (await translate(options('test-panic'))).report,
    );
  });

  it('prints Maestro’s tree', async () => {
    const request = await file('request.json', JSON.stringify(SMOKE_REQUEST));

    const { report } = await translate(options('complete', { request, format: 'maestro' }));

    expect(report).toMatchObject({
      node: {
        id: SMOKE_REQUEST.node.id,
        state: 'done',
        result: 'fail',
        data: { job_id: '2', device: 'qemu-02' },
      },
      child_nodes: [
        { node: { name: 'setup', kind: 'job', result: 'pass' } },
        { node: { name: 'smoke', kind: 'job', result: 'fail' } },
        { node: { name: 'second-suite', kind: 'job', result: 'pass' } },
      ],
    });
  });

  it.each([
    ['no file', {}, { code: 'unreadable' }],
    ['no JSON', { content: '{' }, { code: 'malformed' }],
    [
      'a log that is no JSON',
      { content: '{"id": 1, "state": 5, "health": 2, "results": {}, "log": "\\x"}' },
      { code: 'malformed' },
    ],
    ['another JSON', { content: '{"hello": 1}' }, { code: 'bad_callback', field: 'id' }],
    ['a capture around the body', { content: '{"json": {"id": 1}}' }, { code: 'bad_callback', field: 'id' }],
  ])('refuses %s', async (_what, { content }: { content?: string }, error) => {
    const callback = content === undefined ? join(folder, 'gone.json') : await file('callback.json', content);

    await expect(translate(options('', { callback }))).rejects.toMatchObject(error);
  });

  it('refuses names that KCIDB would refuse', async () => {
    await expect(translate(options('complete', { origin: 'My-Lab' }))).rejects.toMatchObject({
      code: 'bad_origin',
    });
    await expect(translate(options('complete', { buildId: 'My Lab:1' }))).rejects.toMatchObject({
      code: 'bad_build',
    });
  });

  it('refuses a request that is none, and a log that is not there', async () => {
    const request = await file('request.json', '{"node": {}}');

    await expect(translate(options('complete', { request }))).rejects.toMatchObject({
      code: 'bad_request',
      field: 'node.id',
    });
    await expect(translate(options('complete', { log: join(folder, 'gone') }))).rejects.toMatchObject({
      code: 'unreadable',
    });
  });
});

describe('the command', () => {
  it('prints the report alone, and on standard error why', async () => {
    const { code, out, err } = await run('--callback', capture('boot-panic'), '--explain');

    expect(code).toBe(0);
    expect(KcidbReport.safeParse(JSON.parse(out)).success).toBe(true);
    expect(err).toMatch(/^rule crashed-in-boot: the kernel crashed in the boot phase\n/);
    expect(err).toMatch(/\nFAIL {2}boot {2}Kernel panic/);
    expect(err).toMatch(/\nissue on boot: .*\(kernel, [0-9a-f]{12}\)\n/);
    expect(err).toMatch(/\nnode: fail, /);
  });

  it('says MISS for an infrastructure failure if asked to', async () => {
    const { out } = await run('--callback', capture('killed'), '--infrastructure-status', 'MISS');

    expect(KcidbReport.parse(JSON.parse(out)).tests?.map((t) => [t.path, t.status])).toEqual([
      ['boot', 'PASS'],
      ['long', 'MISS'],
      ['long.started', 'PASS'],
    ]);
  });

  it.each([
    ['without results', 'dataset-minimal', 'no_results'],
    ['while the job runs', 'running', 'not_finished'],
  ])('exits 1 %s, saying so and printing nothing', async (_what, name, reason) => {
    const { code, out, err } = await run('--callback', capture(name));

    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toBe(reason);
  });
});
