// Reports of kernels of all architectures, each in a boot and in a test suite, and what the board did after it.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LavaCase } from '../../src/lava/model.ts';
import {
  blamed,
  consoleOf,
  definition,
  jobError,
  judged,
  lavaCase,
  lavaJob,
  login,
  stage,
  started,
  statuses,
} from './evidence.ts';

const FOLDER = new URL('../fixtures/kernel-ends/', import.meta.url);

interface Report {
  title: string;
  kind: 'crash' | 'hang' | 'survived' | 'loader';
  lines: string[];
}

function readReports(file: string): Report[] {
  const parts = readFileSync(new URL(file, FOLDER), 'utf8').split(/^=== /m).slice(1);
  return parts.map((part) => {
    const [header = '', ...lines] = part.trimEnd().split('\n');
    const kind = / (crash|hang|survived|loader): /.exec(header)?.[1];
    if (kind !== 'crash' && kind !== 'hang' && kind !== 'survived' && kind !== 'loader')
      throw new Error(header);
    return { title: `${file.replace('.txt', '')} ${header}`, kind, lines };
  });
}

const ALL = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.txt'))
  .flatMap(readReports);
const ofKind = (...kinds: Report['kind'][]): Report[] => ALL.filter(({ kind }) => kinds.includes(kind));

const LOADER = ['U-Boot 2026.01', '=> bootz 0x1000000 - 0x2000000', 'Starting kernel ...'];
const KERNEL = [
  '[    0.000000] Linux version 6.6.0 (builder@host) #1 SMP',
  '[    0.000100] Machine model: Example Board',
  '[    1.900000] Run /init as init process',
];
const SHELL = ['/ # '];
const CASE = '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass>';

/** A job whose board wrote these lines after its kernel had begun; LAVA waited for a login in vain. */
function inBoot(lines: string[], error = jobError('Job', 'auto-login-action timed out after 120 seconds')) {
  const cases = [login('fail'), error];
  const lava = lavaJob('Incomplete', cases, { definition: definition(['smoke']) });
  return judged({ lava, console: consoleOf([...LOADER, ...KERNEL, ...lines], cases) });
}

/** A job whose board wrote these lines in a suite that began and did not end. */
function inSuite(lines: string[], error = jobError('Test', 'lava-test-shell timed out after 600 seconds')) {
  const cases: LavaCase[] = [login(), lavaCase('0_smoke', 'a'), stage('0_smoke', 'fail'), error];
  const lava = lavaJob('Incomplete', cases, { definition: definition(['smoke']) });
  const log = [...LOADER, ...KERNEL, ...SHELL, started('0_smoke'), CASE, ...lines];
  return judged({ lava, console: consoleOf(log, cases) });
}

/** Blamed for more than boot and test, whoever it is. */
const kernelBlamed = (verdict: ReturnType<typeof judged>): string[] =>
  blamed(verdict).filter((issue) => issue.endsWith(': kernel'));

describe('a kernel that crashes', () => {
  it.each(ofKind('crash', 'hang'))('fails the boot: $title', ({ lines }) => {
    const verdict = inBoot(lines);

    expect(statuses(verdict)).toMatchObject({ boot: 'FAIL', smoke: 'MISS' });
    expect(kernelBlamed(verdict)).toContain('boot: kernel');
  });

  it.each(ofKind('crash', 'hang'))('fails the test that it ran: $title', ({ lines }) => {
    const verdict = inSuite(lines);

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL' });
    expect(blamed(verdict)).toEqual(expect.arrayContaining(['smoke: kernel']));
    expect(blamed(verdict)).not.toContain('smoke: tool');
  });

  it.each(ofKind('crash'))('fails the test although the lab lost the connection: $title', ({ lines }) => {
    const verdict = inSuite(lines, jobError('Infrastructure', 'Connection closed'));

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL' });
    expect(kernelBlamed(verdict)).toContain('smoke: kernel');
  });
});

describe('a kernel that stalls and comes back', () => {
  it.each(ofKind('hang'))('leaves the end to what ended the job: $title', ({ lines }) => {
    const life = ['frob_test: 12 of 40 done', CASE.replace('=a ', '=b '), '+ sleep 1000'];
    const verdict = inSuite([...lines, ...life]);

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'ERROR' });
    expect(blamed(verdict)).toContain('smoke: tool');
  });
});

describe('a report that a kernel survives', () => {
  it.each(ofKind('survived'))('does not end the test: $title', ({ lines }) => {
    const later = '[  300.000000] random: crng reseeded';
    const verdict = inSuite([...lines, later], jobError('Infrastructure', 'Connection closed'));

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'ERROR' });
    expect(blamed(verdict)).toContain('smoke: harness');
  });
});

describe('a boot loader that crashes', () => {
  it.each(ofKind('loader'))('is not the kernel: $title', ({ lines }) => {
    const cases = [login('fail'), jobError('Job', 'bootloader-commands timed out after 120 seconds')];
    const lava = lavaJob('Incomplete', cases, { definition: definition(['smoke']) });
    const verdict = judged({ lava, console: consoleOf(['U-Boot 2026.01', ...lines], cases) });

    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS' });
    expect(kernelBlamed(verdict)).toEqual([]);
  });
});
