import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { asJson, asText, triageFile } from '../../src/cli/triage.ts';
import { readLogText } from '../../src/lava/log.ts';
import { maestroText } from '../../src/kernel-log/maestro-text.ts';
import { lavaBridge, processOf } from '../support/command.ts';
import { newFolder } from '../support/folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LAVA_LOG = join(ROOT, 'test/fixtures/lava/logs/boot-panic-hang.yaml');
const CONSOLE_LOG = join(ROOT, 'test/fixtures/triage/null-pointer.log');

const folder = await newFolder('file');

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function run(
  args: string[],
  input?: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const words = ['triage', ...args];
  const ran = input === undefined ? lavaBridge(words) : processOf(words, { input });
  const { code, stdout, stderr } = await ran;
  return { code, out: stdout, err: stderr };
}

async function json(
  path: string,
  parser: Parameters<typeof triageFile>[1] = 'generic_linux_boot',
): Promise<unknown> {
  return asJson(await triageFile(path, parser));
}

describe('triage', () => {
  it('prints what Maestro finds, and nothing else next to our own findings', async () => {
    const expected = JSON.parse(
      readFileSync(join(ROOT, 'test/fixtures/triage/expected.json'), 'utf8'),
    ) as Record<string, { result: object }>;
    expect(await json(CONSOLE_LOG)).toEqual({ ...expected['null-pointer']?.result, own: [] });
  });

  it('takes a log of LAVA for the board’s lines in it', async () => {
    const lines = [...readLogText(readFileSync(LAVA_LOG, 'utf8'))].filter((line) => line.level === 'target');
    const console = lines.map((line) => maestroText(line.text ?? '')).filter((line) => line !== '');
    const same = await json(file('console.txt', `${console.join('\n')}\n`));

    expect(await json(LAVA_LOG)).toEqual(same);
    expect(same).toMatchObject({
      'bootloader.done': true,
      'linux.boot.kernel_started': true,
      'linux.boot.prompt': false,
      errors: [
        {},
        {
          error_type: 'linux.kernel.panic',
          error_summary: 'VFS: Unable to mount root fs on unknown-block(0,0)',
        },
      ],
    });
  });

  it('takes gzip, whatever the name', async () => {
    const packed = file('log.txt', gzipSync(readFileSync(LAVA_LOG)));
    expect(await json(packed)).toEqual(await json(LAVA_LOG));
  });

  it('says where our own rules found something', async () => {
    const log = file(
      'own.txt',
      'Linux\n[    1.0] x\n[    1.000000] Unable to handle kernel paging request at virtual address 0000000000001000\n',
    );
    expect(await json(log)).toMatchObject({
      'bootloader.done': false,
      errors: [],
      own: [
        {
          error_type: 'own.paging_fault',
          line: 3,
          _signature: expect.any(String),
          _report: expect.any(String),
        },
      ],
    });
  });

  it('finds the same in a log without a line break, and in an empty one', async () => {
    expect(await json(file('one.txt', 'Starting kernel ... [    1.0] BUG: x'))).toMatchObject({
      errors: [{ error_summary: 'x' }],
    });
    expect(await json(file('empty.txt', ''))).toMatchObject({
      'bootloader.done': false,
      errors: [],
      own: [],
    });
  });

  it('takes a line of any length', async () => {
    const long = `Starting kernel ...\n${'x'.repeat(10 * 1024 * 1024)}\n[    1.0] BUG: after\n`;
    expect(await json(file('long.txt', long))).toMatchObject({ errors: [{ error_summary: 'after' }] });
  });

  it('runs the tests’ parsers', async () => {
    const log = join(ROOT, 'test/fixtures/triage/test-kselftest.log');
    expect(await json(log, 'test_kselftest')).toMatchObject({
      'test.kselftest.start': true,
      errors: [{}, {}, {}],
    });
  });

  it('prints a table for people, without what a terminal obeys', async () => {
    const log = file(
      'table.txt',
      'Starting kernel ...\n[    1.0] BUG: \x1b[31mred\n[    2.0] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]\n',
    );
    const text = asText(await triageFile(log, 'generic_linux_boot'));

    expect(text).toContain('boot loader done, kernel started, no prompt');
    expect(text).toMatch(/2 +linux\.kernel\.bug +[0-9a-f]{12} +\?\[31mred/);
    expect(text).toMatch(/3 +own\.soft_lockup +[0-9a-f]{12} +soft lockup/);
    expect(asText(await triageFile(file('none.txt', 'x'), 'generic_linux_boot'))).toContain(
      'No errors found.',
    );
  });

  it('says which file cannot be read', async () => {
    await expect(triageFile(join(folder, 'nowhere'), 'generic_linux_boot')).rejects.toMatchObject({
      code: 'unreadable',
    });
    await expect(
      triageFile(file('torn.gz', gzipSync('x'.repeat(1000)).subarray(0, 20)), 'generic_linux_boot'),
    ).rejects.toMatchObject({ code: 'unreadable' });
  });
});

describe('lava-bridge triage', () => {
  it('reads standard input and prints JSON', async () => {
    const { code, out } = await run(['-', '--json'], readFileSync(CONSOLE_LOG, 'utf8'));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ 'bootloader.done': true, errors: [{}, {}], own: [] });
  });

  it('ends with 1 for a file that is not there, and with 2 if it is used wrongly', async () => {
    expect(await run([join(folder, 'nowhere')])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('[unreadable]'),
    });
    expect(await run(['--parser', 'odd', CONSOLE_LOG])).toMatchObject({ code: 2, out: '' });
    expect(await run([])).toMatchObject({ code: 2, out: '' });
  });
});
