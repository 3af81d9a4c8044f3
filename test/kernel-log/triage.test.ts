import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCallback } from '../../src/lava/callback.ts';
import { readLogText } from '../../src/lava/log.ts';
import { triageText } from '../../src/kernel-log/logspec.ts';
import { maestroText } from '../../src/kernel-log/maestro-text.ts';
import type { Finding } from '../../src/kernel-log/model.ts';
import { createTriage } from '../../src/kernel-log/triage.ts';
import { consoleLines } from './fragments.ts';

const ROOT = resolve(import.meta.dirname, '../..');

function findingsOf(lines: readonly string[], options?: { window: number }): Finding[] {
  const triage = createTriage(options);
  for (const [number, line] of lines.entries()) triage.line(line, number);
  return triage.end();
}

/** What logspec says of the same console, as Maestro keeps it. */
function maestrosOf(lines: readonly string[]): string[] {
  const text = lines.map(maestroText).filter((line) => line !== '');
  return triageText(`${text.join('\n')}\n`, 'generic_linux_boot').errors.map((error) => error['_signature']);
}

function signatures(findings: readonly Finding[]): string[] {
  return findings.filter((finding) => finding.by === 'logspec').map((finding) => finding.signature);
}

describe('the findings of a stream', () => {
  const folders = ['test/fixtures/callbacks', 'test/fixtures/callbacks/2026.10'];
  const logs = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder)).flatMap((name): [name: string, log: string][] => {
      if (!name.endsWith('.json')) return [];
      const { log } = parseCallback(JSON.parse(readFileSync(join(ROOT, folder, name), 'utf8')));
      return log === undefined ? [] : [[join(folder, name), log]];
    }),
  );

  it.each(logs)('have the signatures that Maestro gives: %s', (_name, log) => {
    const lines = [...readLogText(log)];
    const target = lines.flatMap((line) => (line.level === 'target' ? [line.text ?? ''] : []));

    expect(signatures(findingsOf(target))).toEqual(maestrosOf(target));
  });

  it('have the signatures that Maestro gives, for any console without a prompt', () => {
    fc.assert(
      fc.property(consoleLines, (lines) => {
        const findings = findingsOf(lines);
        fc.pre(findings.length < 20);
        expect(signatures(findings)).toEqual(maestrosOf(lines));
      }),
    );
  });

  it('hold what Maestro finds before a prompt, and more', () => {
    fc.assert(
      fc.property(consoleLines, consoleLines, (before, after) => {
        const lines = [...before, '/ # ls', ...after];
        const found = signatures(findingsOf(lines));
        fc.pre(found.length < 20);
        expect(found).toEqual(expect.arrayContaining(maestrosOf(lines)));
      }),
    );
  });

  it('are the same through a small window, where reports end within it', () => {
    const block = [
      '[    1.000000] ------------[ cut here ]------------',
      '[    1.000000] WARNING: CPU: 0 PID: 1 at kernel/f.c:NUMBER foo+0x1/0x2',
      '[    1.000000] ---[ end trace 0000 ]---',
      '[    2.000000] mmc0: error -NUMBER whilst initialising',
      '[    2.000000] something else',
    ];
    const lines = Array.from({ length: 150 }, (_, i) =>
      block.map((line) => line.replace('NUMBER', String(i))),
    ).flat();

    const whole = findingsOf(lines);

    expect(whole).toHaveLength(300);
    expect(findingsOf(lines, { window: 1000 })).toEqual(whole);
  });
});

describe('a finding', () => {
  const panic = [
    'Starting kernel ...',
    '[    1.000000] Linux version 6.12.0',
    '[    2.000000] Kernel panic - not syncing: VFS: Unable to mount root fs',
    '[    2.000001] Hardware name: Example Board (DT)',
    '[    2.000002] Call trace:',
    '[    2.000003]  panic+0x1/0x2',
    '[    2.000004] ---[ end Kernel panic - not syncing: x ]---',
  ];

  it('says where it is, what it is made of and what it is', () => {
    expect(findingsOf(panic)).toEqual([
      {
        by: 'logspec',
        class: 'final',
        errorType: 'linux.kernel.panic',
        summary: 'VFS: Unable to mount root fs',
        signature: '43e1919418d400b27dc45b03146c02d5663c257a',
        report: `${panic.slice(2, 6).join('\n')}\n`,
        firstLine: 2,
        lastLine: 5,
        issue: true,
        fields: {
          error_type: 'linux.kernel.panic',
          error_summary: 'VFS: Unable to mount root fs',
          hardware: 'Example Board (DT)',
          call_trace: ['panic+0x1/0x2'],
        },
        signatureFields: { error_type: 'linux.kernel.panic', error_summary: 'VFS: Unable to mount root fs' },
        categories: ['runtime.panic'],
      },
    ]);
  });

  it('is found in every phase of a job, before the boot loader is done and after the prompt too', () => {
    const lines = [
      '[    1.0] BUG: one',
      ...panic,
      '/ # run',
      '[   99.0] BUG: two',
      '[   99.0] foo: error -5',
    ];
    expect(findingsOf(lines).map((f) => [f.summary, f.firstLine, f.issue])).toEqual([
      ['one', 0, true],
      ['VFS: Unable to mount root fs', 3, true],
      ['two', 9, true],
      ['error -5', 10, false],
    ]);
  });

  it('without an end, which for logspec reaches over the panic after it, does not hide that', () => {
    const lines = ['[    1.0] BUG: one', '[    1.1] something', ...panic];
    expect(findingsOf(lines).map((f) => [f.by, f.summary])).toEqual([
      ['logspec', 'one'],
      ['own', 'VFS: Unable to mount root fs'],
    ]);
  });

  it('of a boot does not reach over the prompt, if it is whole before', () => {
    const lines = [
      'Starting kernel ...',
      '[    1.0] BUG: mine',
      '/ # insmod',
      '[   50.0] kernel BUG at drivers/misc/lkdtm/bugs.c:1!',
    ];
    expect(findingsOf(lines).map((f) => f.summary)).toEqual([
      'mine',
      'kernel BUG at drivers/misc/lkdtm/bugs.c:1',
    ]);
  });

  it('that the prompt stands in the middle of is not lost', () => {
    const lines = [
      'Starting kernel ...',
      '[    1.0] -[ cut here ]-',
      '[    1.0] WARNING: CPU: 0 PID: 1 at a/b.c:1 f',
      '/ # ',
      '[    1.1] ---[ end trace 0 ]---',
    ];
    expect(findingsOf(lines)).toMatchObject([
      { errorType: 'linux.kernel.warning', firstLine: 1, lastLine: 3 },
    ]);
  });

  it('has the numbers that the caller gave the lines', () => {
    const triage = createTriage();
    triage.line('', 7);
    triage.line('one\n[    1.0] BUG: inside', 8);
    triage.line('[    1.0] BUG: last', 20);
    expect(triage.end().map((f) => [f.firstLine, f.lastLine])).toEqual([
      [8, 8],
      [20, 20],
    ]);
  });

  it('is kept twenty times where it is always the same, and none hides another', () => {
    const flood = Array.from({ length: 3000 }, (_, i) => `[    1.0] foo${i}: error -${i}`);
    const same = Array<string>(100).fill('[    1.0] BUG: same');
    const findings = findingsOf([...flood, ...same, '[    3.0] BUG: last']);

    expect(findings.filter((f) => f.errorType === 'linux.kernel.error_return_code')).toHaveLength(200);
    expect(findings.filter((f) => f.summary === 'same')).toHaveLength(20);
    expect(findings.at(-1)?.summary).toBe('last');
  });
});

describe('a log however odd', () => {
  const stamp = '[    1.0] ';
  const odd: Record<string, string> = {
    'start markers without end': `${stamp}-[ cut here ]\n`,
    'start markers on one line': `${stamp}-[ cut here ]`,
    'bugs without message': `${stamp}BUG\n`,
    'bugs on one line': `${stamp}BUG: x`,
    'bugs with call traces': `${stamp}BUG: x\n${stamp}Call trace:\n${stamp} foo+0x1/0x2\n`,
    'kernel BUGs without exclamation mark': `${stamp}kernel BUG at x\n`,
    'panics on one line': `${stamp}Kernel panic`,
    'UBSAN on one line': `${stamp}UBSAN: a in b`,
    'null pointers': `${stamp}Unable to handle kernel NULL pointer dereference\n`,
    'errors without colon on one line': `${stamp}foo error -5`,
    'errors without number': `${stamp}error -`,
    brackets: '[',
    'open stamps': '[ 1',
    dashes: '-',
    'half rulers': `${'='.repeat(79)} `,
    'boot marks': '] Booting Linux',
    'hand-overs': 'Starting kernel \n',
    'lines of control characters': '\x1b\x01\0',
    'empty lines': '\n',
    'oopses of one CPU': `[    1.0][    T1] Internal error: Oops: 96000004 [#1]\n`,
    'hung tasks': `[    1.0][    T1] INFO: task ${'a:'.repeat(40)}1 blocked\n`,
    'nested blocks': `${stamp}-[ cut here ]\n${stamp}BUG: x\n${stamp}-[ end trace\n`,
    'one word': 'a',
  };

  // Quadratic time would take half an hour and more for these; the test's time limit is the check.
  const SIZE = 2 * 1024 * 1024;
  it.each(Object.entries(odd))('is read to its end: %s', (_name, unit) => {
    const text = `Starting kernel ...\n${unit.repeat(Math.ceil(SIZE / unit.length))}`;
    const lines = text.split('\n');

    expect(triageText(text, 'generic_linux_boot')['bootloader.done']).toBe(true);
    expect(findingsOf(lines).length).toBeLessThan(1000);
  });

  it.each([
    'ok 1 selftests:\n',
    'not ok 1 selftests: x\n',
    'not ok 1 selftests: x',
    '1 selftests:',
    'kselftest',
  ])('is read to its end after the prompt: %j', (unit) => {
    const text = `Starting kernel ...\n/ #kselftest.sh\n${unit.repeat(Math.ceil(SIZE / unit.length))}`;
    expect(triageText(text, 'test_kselftest')['linux.boot.prompt']).toBe(true);
  });

  it('throws nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (lines) => {
        expect(findingsOf(lines)).toBeInstanceOf(Array);
      }),
    );
  });
});
