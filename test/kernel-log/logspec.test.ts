import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogspecTriage, PARSERS, triageText, type ParserName } from '../../src/kernel-log/logspec.ts';
import { errorSignature, stateSignature } from '../../src/kernel-log/signature.ts';
import { consoleLines } from './fragments.ts';

const FIXTURES = new URL('../fixtures/triage/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8')) as Record<
  string,
  { parser: ParserName; result: unknown }
>;

function boot(...lines: string[]): string {
  return `Starting kernel ...\n${lines.map((line) => `[    1.000000] ${line}\n`).join('')}`;
}

function errors(text: string, parser: ParserName = 'generic_linux_boot'): (string | undefined)[][] {
  return triageText(text, parser).errors.map((e) => [
    e.error_type,
    e.error_summary,
    e['_signature'].slice(0, 10),
  ]);
}

it.each(Object.keys(expected))('a log by hand: %s', (name) => {
  const log = readFileSync(new URL(`${name}.log`, FIXTURES), 'utf8');
  const { parser, result } = expected[name] ?? { parser: 'generic_linux_boot', result: undefined };

  expect(triageText(log, parser)).toEqual(result);
});

describe('a signature', () => {
  it('of an error is the one that Maestro gives it', () => {
    expect(
      errorSignature({
        error_type: 'linux.kernel.panic',
        error_summary: 'VFS: Unable to mount root fs on "/dev/ram0" or unknown-block(1,0)',
        location: '',
        call_trace: [],
      }),
    ).toBe('af804bef95b4f8e428ac25dbc13bb14754b4460a');
  });

  it('of states counts what is false', () => {
    expect(stateSignature({ 'bootloader.done': false })).toBe('e602fca280d85d8e603f7c0aff68363bb0cd7993');
  });

  // Of errors that KernelCI has seen, the first ten digits.
  it.each([
    [
      '34b80ee4ec',
      boot(
        '-[ cut here ]-',
        'WARNING: CPU: 0 PID: 0 at arch/x86/kernel/alternative.c:730 apply_returns+0xc0/0x241',
        '---[ end trace 1 ]',
      ),
    ],
    ['4824b3cfd3', boot('BUG: unable to handle page fault for address: 0000000000200286')],
    ['099a9c8d82', boot('Kernel panic - not syncing: Fatal exception')],
    ['559a5958f6', boot('Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000200')],
    ['5d097cef26', boot('BUG: kernel NULL pointer dereference, address: 00000000')],
    [
      '3d743effed',
      boot('BUG: sleeping function called from invalid context at include/linux/percpu-rwsem.h:49'),
    ],
    ['dcac04c5e7', boot('BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!')],
    ['55d11dd95c', boot('BUG: kernel NULL pointer dereference, address: 00000000000002fc')],
    [
      'ae160f6f27',
      boot(
        'UBSAN: shift-out-of-bounds in ./include/linux/log2.h:57:13',
        "shift exponent 32 is too large for 32-bit type 'long unsigned int'",
        '='.repeat(80),
      ),
    ],
  ])('is known: %s', (signature, log) => {
    expect(errors(log).map(([, , start]) => start)).toEqual([signature]);
  });

  it.each<[string, ParserName, string]>([
    [
      '23be577fc5',
      'test_baseline',
      '/ #/opt/kernelci/dmesg.sh\nkern  :emerg : call_irq_handler: 2.55 No irq handler for vector\n',
    ],
    [
      '86a167b2af',
      'test_baseline',
      '/ #/opt/kernelci/dmesg.sh\nkern  :alert : #PF: error_code(0x0000) - not-present page\n',
    ],
    [
      '3463850167',
      'test_kselftest',
      '/ #kselftest.sh\nnot ok 1 selftests: exec: execveat # exit=1\nok 2 selftests: x\n',
    ],
  ])('is known of a test: %s', (signature, parser, log) => {
    expect(errors(`${boot()}${log}`, parser).map(([, , start]) => start)).toEqual([signature]);
  });
});

describe('the states', () => {
  const done = 'Starting kernel ...\n';

  it.each<[string, string, string]>([
    ['no boot loader', '', 'e602fca280d85d8e603f7c0aff68363bb0cd7993'],
    ['not a line of a kernel', `${done}foo\nbar\n`, 'da694c56147298d223ee432ad8d6a8ee311b773a'],
    [
      'a kernel line that is not whole',
      `${done}[    0.000000] x`,
      'da694c56147298d223ee432ad8d6a8ee311b773a',
    ],
    ['a kernel', `${done}[    0.000000] x\n`, 'ba9e602132800ee40eaca0982ded5872ff7eb20c'],
    [
      'a kernel later on',
      `${done}foo\nx [    0.0] Linux version 6\n`,
      'ba9e602132800ee40eaca0982ded5872ff7eb20c',
    ],
    ['a prompt', `${done}foo / #`, '721516cb40a17ba5aaddc2e6e410d3eec5c49fc6'],
    ['the end on the boot loader line', 'Starting kernel ...', 'da694c56147298d223ee432ad8d6a8ee311b773a'],
  ])('%s', (_what, log, signature) => {
    expect(triageText(log, 'generic_linux_boot')['_signature']).toBe(signature);
  });

  it('are only reported as far as they were reached', () => {
    expect(Object.keys(triageText('x', 'test_kselftest'))).toEqual([
      'bootloader.done',
      'errors',
      '_signature',
    ]);
    expect(triageText(done, 'test_baseline')).not.toHaveProperty('test.baseline.start');
    expect(triageText(`${done}/ #`, 'test_baseline')).toMatchObject({ 'test.baseline.start': false });
    expect(triageText(`${done}/ #`, 'test_kselftest')).toMatchObject({ 'test.kselftest.start': false });
    expect(triageText(`${done}/ #kselftest.sh ok 1 selftests:`, 'test_kselftest')).toMatchObject({
      'test.kselftest.script_call': true,
      'test.kselftest.start': true,
    });
    expect(triageText(`${done}/ #`, 'generic_linux_boot')).not.toHaveProperty('test.baseline.start');
  });

  it.each([
    'Starting kernel ...',
    'Starting kernel abc',
    'jumping to kernel',
    'Booting from ROM...',
    'x[ 1.5] Booting Linux',
  ])('begin with the hand-over: %s', (words) => {
    expect(triageText(words, 'generic_linux_boot')['bootloader.done']).toBe(true);
  });

  it.each([
    'Starting kernel ..',
    'Starting kernel \n..',
    'Booting from ROM',
    'Booting Linux',
    '[x] Booting Linux',
    '[1.0]Booting Linux',
  ])('do not begin with: %j', (words) => {
    expect(triageText(words, 'generic_linux_boot')['bootloader.done']).toBe(false);
  });
});

describe('an error', () => {
  it('before the boot loader is done, or after the prompt, is not looked for', () => {
    expect(errors(`[    1.0] BUG: early\n${boot('/ #', 'BUG: late')}`)).toEqual([]);
  });

  it('needs a time stamp as logspec knows it', () => {
    expect(
      errors('Starting kernel ...\nBUG: a\n[    1.0][    T1] BUG: b\n[    1.0]BUG: c\n<6>[    1.0] BUG: d\n'),
    ).toEqual([['linux.kernel.bug', 'd', expect.any(String)]]);
  });

  it('without its end is left out where logspec needs one', () => {
    expect(errors(boot('-[ cut here ]-', 'WARNING: at x'))).toEqual([]);
    expect(errors(boot('Unable to handle kernel NULL pointer dereference at virtual address 0'))).toEqual([]);
    expect(errors(boot('UBSAN: a in b'))).toEqual([]);
    expect(errors(boot('BUG'))).toEqual([]);
  });

  it('is not reported more than fifty thousand times', () => {
    expect(errors(boot(...Array<string>(60_000).fill('BUG: x')))).toHaveLength(50_000);
  });
});

describe('for any console', () => {
  it('pieces of whole lines give what the whole gives', () => {
    fc.assert(
      fc.property(consoleLines, fc.constantFrom(...PARSERS), fc.boolean(), (lines, parser, prompt) => {
        const tests = prompt
          ? [
              '/ # /opt/kernelci/dmesg.sh kselftest.sh',
              'kern  :x',
              'not ok 1 selftests: a',
              'ok 2 selftests:',
            ]
          : [];
        const all = [...lines, ...tests];
        const triage = new LogspecTriage(parser, Infinity);
        for (const line of all) triage.push(`${line}\n`);
        expect(triage.end()).toEqual(triageText(`${all.join('\n')}\n`, parser));
      }),
    );
  });

  it('nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 500 }),
        fc.constantFrom(...PARSERS),
        (text, parser) => {
          expect(triageText(text, parser)).toHaveProperty('errors');
          expect(triageText(`Starting kernel ...${text}`, parser)['bootloader.done']).toBe(true);
        },
      ),
    );
  });
});
