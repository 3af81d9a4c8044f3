// The kernel's end as the architectures write it, in the forms in which a serial console shows it. The reports were written
// for this project after the formats in the sources of Linux 4.4 to 6.x (test/fixtures/kernel-ends.json).
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/verdict/model.ts';
import {
  blamed,
  BOOT,
  consoleOf,
  definition,
  jobError,
  judged,
  lavaCase,
  lavaJob,
  login,
  SHELL,
  stage,
  started,
  statuses,
} from './evidence.ts';
import { ENDS } from './kernel-end-set.ts';

type Reports = Record<string, string[]>;

const CLOSED = jobError('Infrastructure', 'Connection closed');
const TIMED_OUT = jobError('Test', 'lava-test-shell timed out after 600 seconds');
const NO_LOGIN = jobError('Job', 'login-action timed out after 120 seconds');
const PASSED = '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass>';

function stamp(lines: readonly string[], form: (stamp: string, line: string) => string): string[] {
  return lines.map((line, i) => form((120.5 + i / 10_000).toFixed(6), line));
}

const plain = (lines: readonly string[]): string[] => stamp(lines, (time, line) => `[  ${time}] ${line}`);

const FORMS: Record<string, (lines: readonly string[]) => string[]> = {
  'as the kernel writes it': plain,
  'behind caller ids': (lines) => stamp(lines, (time, line) => `[  ${time}][   C1] ${line}`),
  'with the CPU in the stamp': (lines) => stamp(lines, (time, line) => `[  ${time}@1] ${line}`),
  'with the CPU behind a comma': (lines) => stamp(lines, (time, line) => `[  ${time},1] ${line}`),
  'with the time of day in the stamp': (lines) =>
    stamp(lines, (time, line) => `[  ${time} / 11-28 04:00:00.123] ${line}`),
  'with CPU and task behind the stamp': (lines) =>
    stamp(lines, (time, line) => `[  ${time}] <2>.(2)[0:swapper/2]${line}`),
  'with a level before the stamp': (lines) => stamp(lines, (time, line) => `<3>[  ${time}] ${line}`),
  'without the first bracket': (lines) => stamp(lines, (time, line) => `${time}] ${line}`),
  'behind a prompt': (lines) => plain(lines).map((line, i) => (i === 0 ? `/ # ${line}` : line)),
  'behind half a line of output': (lines) =>
    plain(lines).map((line, i) => (i === 0 ? `test 3 of 9 ...${line}` : line)),
  'behind dropped messages': (lines) =>
    plain(lines).map((line, i) => (i === 0 ? `** 231 printk messages dropped ** ${line}` : line)),
  'behind half a signal': (lines) =>
    plain(lines).map((line, i) => (i === 0 ? `<LAVA_SIGNAL_TESTCASE TEST_CASE_ID${line}` : line)),
  'with half of its first stamp': (lines) => plain(lines).map((line, i) => (i === 0 ? line.slice(4) : line)),
  'before a note of dropped messages and half a stamp': (lines) => [
    ...plain(lines),
    '** 231 printk messages dropped **',
    '[  120.6',
  ],
  'with carriage returns': (lines) => plain(lines).map((line) => `${line}\r`),
  'every line twice': (lines) => plain(lines).flatMap((line) => [line, line]),
};
const forms = Object.entries(FORMS).map(([name, form]) => ({ name, form }));

/** A job with a suite in which the board wrote this. */
function inTest(lines: readonly string[], error = TIMED_OUT): Verdict {
  const cases = [login(), lavaCase('0_smoke', 'a'), stage('0_smoke', 'fail'), error];
  return judged({
    lava: lavaJob('Incomplete', cases, { definition: definition(['smoke']) }),
    console: consoleOf([...BOOT, ...SHELL, started('0_smoke'), PASSED, ...lines]),
  });
}

function inBoot(lines: readonly string[], boot: readonly string[] = BOOT, error = NO_LOGIN): Verdict {
  return judged({
    lava: lavaJob('Incomplete', [login('fail'), error], { definition: definition(['smoke']) }),
    console: consoleOf([...boot, ...lines]),
  });
}

const named = (reports: Reports): { name: string; lines: string[] }[] =>
  Object.entries(reports).map(([name, lines]) => ({ name, lines }));
const ended = [...named(ENDS.stalls), ...named(ENDS.deaths)];

describe.each(ended)('the end of a kernel, $name', ({ lines }) => {
  it.each(forms)('is the kernel’s in a test, $name', ({ form }) => {
    const verdict = inTest(form(lines));

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL' });
    expect(new Set(blamed(verdict))).toEqual(new Set(['smoke: kernel']));
  });

  it('is the kernel’s at boot, and where the connection closed', () => {
    expect(statuses(inBoot(plain(lines)))).toEqual({ boot: 'FAIL', smoke: 'MISS' });
    expect(new Set(blamed(inBoot(plain(lines))))).toEqual(new Set(['boot: kernel']));
    expect(statuses(inTest(plain(lines), CLOSED))).toEqual({ boot: 'PASS', smoke: 'FAIL' });
  });

  it('is the kernel’s where the board resets after it', () => {
    expect(inTest([...plain(lines), 'U-Boot SPL 2026.01', 'U-Boot 2026.01']).rule).toBe('crashed-in-test');
  });
});

describe.each(named(ENDS.stalls))('a stall, $name', ({ lines }) => {
  it.each([
    ['a program', 'still here'],
    ['a test', PASSED],
    ['the kernel, later', '[  200.000000] usb 1-1: new device'],
  ])('is survived where it is followed by %s', (_what, after) => {
    const verdict = inTest([...plain(lines), after]);

    expect(verdict.rule).toBe('test-cut-short');
    // It is reported in addition.
    expect(blamed(verdict)).toEqual(expect.arrayContaining(['smoke: tool', 'smoke: kernel']));
  });
});

describe.each(named(ENDS.survived))('a report that the kernel survives, $name', ({ lines }) => {
  it('does not end the test', () => {
    const verdict = inTest(plain(lines), CLOSED);

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'ERROR' });
    expect(blamed(verdict)).toContain('smoke: harness');
  });
});

describe.each(named(ENDS.firmware))('firmware that crashes, $name', ({ lines }) => {
  it('is not the kernel', () => {
    const boot = ['U-Boot 2026.01', 'DRAM:  1 GiB'];
    const infrastructure = jobError('Infrastructure', 'bootloader-interrupt timed out after 30 seconds');

    expect(blamed(inBoot(lines, boot, infrastructure))).toEqual(['boot: harness']);
    expect(blamed(inBoot(lines, boot, jobError('Job')))).toEqual(['boot: harness']);
  });
});
