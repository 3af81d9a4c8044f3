import { describe, expect, it } from 'vitest';
import type { LavaCase } from '../../src/lava/model.ts';
import { lacksResults } from '../../src/verdict/judge.ts';
import {
  ask,
  blamed,
  BOOT,
  consoleOf,
  definition,
  ended,
  jobError,
  jobPassed,
  judged,
  lavaCase,
  lavaJob,
  login,
  PANIC,
  SHELL,
  stage,
  START,
  started,
  statuses,
} from './evidence.ts';

const SMOKE_ENDED = [started('0_smoke'), ended('0_smoke')];
const smokeCases = (): LavaCase[] => [login(), lavaCase('0_smoke', 'a'), stage('0_smoke')];

describe('evidence without results', () => {
  it('gives no verdict on a job that ran without results at hand', () => {
    const lava = lavaJob('Complete', []);

    expect(lacksResults({ ending: undefined, lava, console: undefined })).toBe(true);
    expect(() => judged({ lava })).toThrow(expect.objectContaining({ code: 'no_results' }));
  });

  it('does not apply once LAVA itself was asked and has none', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', []), complete: true });

    expect(verdict.rule).toBe('infrastructure');
    expect(statuses(verdict)).toEqual({ boot: 'ERROR', smoke: 'ERROR', second: 'ERROR' });
  });

  it('says nothing of a job before LAVA says Finished', () => {
    const lava = lavaJob('Unknown', [login()], { state: 'Running' });

    expect(() => judged({ lava })).toThrow(expect.objectContaining({ code: 'not_finished' }));
    expect(() => judged({})).toThrow(expect.objectContaining({ code: 'no_evidence' }));
  });
});

describe('rule never-ran', () => {
  it.each([
    ['rejected', 'invalid_job_params', ['boot: harness']],
    ['timed_out', 'node_timeout', ['boot: harness']],
    ['lost', 'node_timeout', ['boot: harness']],
    ['canceled', 'Canceled', []],
  ] as const)('misses all tests of a job that was %s', (kind, code, issues) => {
    const verdict = judged({ ending: { kind, code: 'cancel', reason: 'because' } }, ask({ ltp: ['ltp'] }));

    expect(verdict.rule).toBe('never-ran');
    expect(statuses(verdict)).toEqual({ boot: 'MISS', ltp: 'MISS' });
    expect(blamed(verdict)).toEqual(issues);
    expect(verdict.node).toEqual({ result: 'incomplete', errorCode: code, errorMsg: 'because' });
  });

  it('misses all tests of a job that was lost, whatever it had done by then', () => {
    const cases = [login(), lavaCase('0_smoke', 'a'), stage('0_smoke'), stage('1_second', 'fail')];
    const lava = lavaJob('Unknown', cases, { state: 'Running' });

    const verdict = judged({
      lava,
      ending: { kind: 'lost', code: 'unknown_to_lava', reason: 'LAVA no longer knows it' },
    });

    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS', second: 'MISS' });
  });

  it('takes the error code that our record names', () => {
    const ending = {
      kind: 'rejected',
      code: 'lava_refused',
      reason: 'LAVA refused it',
      errorCode: 'submit_error',
    } as const;

    expect(judged({ ending }, ask({})).node.errorCode).toBe('submit_error');
  });

  it('blames no side where only a callback reports the end: a cancel and a time-out in the queue look alike', () => {
    const lava = lavaJob('Canceled', [], { device: undefined });

    const verdict = judged({ lava });

    expect(verdict.rule).toBe('never-ran');
    expect(blamed(verdict)).toEqual([]);
    expect(verdict.node.errorCode).toBe('Canceled');
  });

  it('blames the harness for a job that LAVA ended without a device and without a cancel', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', [], { device: undefined }) });

    expect(verdict.rule).toBe('never-ran');
    expect(blamed(verdict)).toEqual(['boot: harness']);
    expect(verdict.node.errorCode).toBe('Infrastructure');
  });

  it('leaves the word to LAVA where the job ran on a device after all', () => {
    const ending = { kind: 'canceled', code: 'cancel', reason: 'the node was closed' } as const;

    const verdict = judged({ ending, lava: lavaJob('Canceled', [login(), jobError('Canceled')]) });

    expect(verdict.rule).toBe('canceled');
  });
});

describe('rule crashed-in-boot', () => {
  const lava = lavaJob('Incomplete', [login('fail'), jobError('Infrastructure', 'Connection closed')]);

  it('fails the boot of a kernel that panics, whatever LAVA calls it', () => {
    const verdict = judged({ lava, console: consoleOf([...BOOT, PANIC]) });

    expect(verdict.rule).toBe('crashed-in-boot');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'MISS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: kernel']);
    expect(verdict.node).toMatchObject({ result: 'fail', errorCode: undefined });
  });

  it('fails the boot of a kernel that dies after the login, before the first suite', () => {
    const cases = [login(), jobError('Infrastructure', 'Connection closed')];

    const verdict = judged({
      lava: lavaJob('Incomplete', cases),
      console: consoleOf([...BOOT, ...SHELL, PANIC]),
    });

    expect(verdict.rule).toBe('crashed-in-boot');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'MISS', second: 'MISS' });
  });

  it('stands above a cancel', () => {
    const canceled = lavaJob('Canceled', [jobError('Canceled')]);

    expect(judged({ lava: canceled, console: consoleOf([...BOOT, PANIC]) }).rule).toBe('crashed-in-boot');
  });

  it('takes the same words in a boot that ended well for a quotation', () => {
    const cases = [...smokeCases(), jobError('Test', 'boom')];
    const log = [...BOOT, PANIC, ...SHELL, ...SMOKE_ENDED];

    const verdict = judged({ lava: lavaJob('Incomplete', cases), console: consoleOf(log) });

    expect(verdict.rule).toBe('test-cut-short');
    expect(verdict.boot.status).toBe('PASS');
  });

  it('takes the last boot attempt that ran a kernel for the boot', () => {
    const log = [...BOOT, PANIC, 'U-Boot 2026.01', 'no kernel this time'];

    expect(judged({ lava, console: consoleOf(log) }).rule).toBe('crashed-in-boot');
  });
});

describe('rule crashed-in-test', () => {
  const cases = (): LavaCase[] => [
    login(),
    lavaCase('0_smoke', 'a', 'fail'),
    stage('0_smoke'),
    lavaCase('1_second', 'b'),
    stage('1_second', 'fail'),
    jobError('Infrastructure', 'Connection closed'),
  ];

  it('fails the test in whose suite the kernel panics; earlier ones keep what they have', () => {
    const log = [...BOOT, ...SHELL, ...SMOKE_ENDED, started('1_second'), PANIC];

    const verdict = judged({ lava: lavaJob('Incomplete', cases()), console: consoleOf(log) });

    expect(verdict.rule).toBe('crashed-in-test');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL', second: 'FAIL' });
    expect(blamed(verdict)).toEqual(['second: kernel']);
    expect(verdict.node).toMatchObject({ result: 'fail' });
  });

  it('does not take a panic in a suite that ended well for one', () => {
    const log = [...BOOT, ...SHELL, started('0_smoke'), PANIC, ended('0_smoke'), started('1_second')];

    const verdict = judged({ lava: lavaJob('Incomplete', cases()), console: consoleOf(log) });

    expect(verdict.rule).toBe('infrastructure');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL', second: 'ERROR' });
  });

  it('gives a panic after the last suite that ran to the next, which it kept from starting', () => {
    const log = [...BOOT, ...SHELL, ...SMOKE_ENDED, PANIC];
    const lava = lavaJob('Incomplete', [...smokeCases(), jobError('Infrastructure', 'Connection closed')]);

    const verdict = judged({ lava, console: consoleOf(log) });

    expect(verdict.rule).toBe('crashed-in-test');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS', second: 'FAIL' });
  });

  it('leaves a panic after all suites to LAVA', () => {
    const log = [...BOOT, ...SHELL, ...SMOKE_ENDED, PANIC];
    const lava = lavaJob('Incomplete', [...smokeCases(), jobError('Infrastructure')], {
      definition: definition(['smoke']),
    });

    const verdict = judged({ lava, console: consoleOf(log) });

    expect(verdict.rule).toBe('infrastructure');
    expect(verdict.reached).toBe('end');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS' });
    expect(verdict.issues).toEqual([]);
  });

  it('fails the test whose shell an oops killed, though LAVA went on and calls the job Complete', () => {
    const cases = [login(), lavaCase('0_smoke', 'a'), stage('0_smoke', 'fail')];
    const rest = [lavaCase('1_second', 'b'), stage('1_second'), jobPassed()];
    const oops = '[   12.000000] Oops: 0002 [#1] SMP';

    const verdict = judged({
      lava: lavaJob('Complete', [...cases, ...rest]),
      console: consoleOf([
        ...BOOT,
        ...SHELL,
        started('0_smoke'),
        oops,
        started('1_second'),
        ended('1_second'),
      ]),
    });

    expect(verdict.rule).toBe('crashed-in-test');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL', second: 'PASS' });
    expect(blamed(verdict)).toEqual(['smoke: kernel']);
  });

  it('gives what breaks in a helper to the test after it, or to the one before if there is none', () => {
    const asked = ask({ second: ['second'] }, { helpers: ['smoke', 'upload'] });
    const before = judged(
      {
        lava: lavaJob('Incomplete', [login(), stage('0_smoke', 'fail'), jobError('Infrastructure')]),
        console: consoleOf([...BOOT, ...SHELL, started('0_smoke'), PANIC]),
      },
      asked,
    );
    const after = judged(
      {
        lava: lavaJob(
          'Incomplete',
          [
            login(),
            lavaCase('0_second', 'b'),
            stage('0_second'),
            stage('1_upload', 'fail'),
            jobError('Test'),
          ],
          { definition: definition(['second', 'upload']) },
        ),
        console: consoleOf([
          ...BOOT,
          ...SHELL,
          started('0_second'),
          ended('0_second'),
          started('1_upload'),
          PANIC,
        ]),
      },
      asked,
    );

    expect(statuses(before)).toEqual({ boot: 'PASS', second: 'FAIL' });
    expect(statuses(after)).toEqual({ boot: 'PASS', second: 'FAIL' });
  });

  it('misses the tests that never started', () => {
    const lava = lavaJob('Incomplete', [
      login(),
      lavaCase('0_smoke', 'a'),
      stage('0_smoke', 'fail'),
      jobError('Job'),
    ]);

    const verdict = judged({ lava, console: consoleOf([...BOOT, ...SHELL, started('0_smoke'), PANIC]) });

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL', second: 'MISS' });
  });
});

describe('rule canceled', () => {
  it('errs the test that a cancel cut short, without an incident', () => {
    const lava = lavaJob('Canceled', [...smokeCases(), stage('1_second', 'fail'), jobError('Canceled')]);

    const verdict = judged({ lava });

    expect(verdict.rule).toBe('canceled');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS', second: 'ERROR' });
    expect(verdict.issues).toEqual([]);
    expect(verdict.node).toEqual({ result: 'incomplete', errorCode: 'Canceled', errorMsg: 'some message' });
  });

  it('is not for a worker that was stopped: the health says Incomplete then', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', [jobError('Canceled')]) });

    expect([verdict.rule, verdict.labFailed]).toEqual(['infrastructure', true]);
  });

  it('is not for a job under which the lab took the device away', () => {
    const verdict = judged({ lava: lavaJob('Canceled', [login()]), deviceTakenAway: true });

    expect([verdict.rule, verdict.labFailed]).toEqual(['infrastructure', true]);
  });

  it('misses all of a job that was canceled before the login', () => {
    const verdict = judged({ lava: lavaJob('Canceled', [jobError('Canceled')]), console: consoleOf(BOOT) });

    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS', second: 'MISS' });
  });

  it('fails a cut test of which a case failed', () => {
    const cases = [login(), lavaCase('0_smoke', 'a', 'fail'), stage('0_smoke', 'fail'), jobError('Canceled')];

    expect(statuses(judged({ lava: lavaJob('Canceled', cases) }))['smoke']).toBe('FAIL');
  });
});

describe('rule boot-with-faults', () => {
  it('knows an earlier boot attempt of a quiet kernel by the boot loader', () => {
    const cases = [login('fail'), login(), lavaCase('0_smoke', 'a'), stage('0_smoke'), jobPassed()];
    const quiet = ['Starting kernel ...', '[    9.0] Kernel panic - not syncing: no init'];
    const again = ['U-Boot 2026.01', 'Starting kernel ...', '[    2.0] random: crng init done'];

    const verdict = judged({
      lava: lavaJob('Complete', cases, { definition: definition(['smoke']) }),
      console: consoleOf([...quiet, ...again, ...SHELL, ...SMOKE_ENDED]),
    });

    expect(verdict.rule).toBe('boot-with-faults');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'PASS' });
  });

  const kernelMessages = (): LavaCase => lavaCase('lava', 'kernel-messages', 'fail');

  it('fails a boot with failed kernel messages though the login passed; the tests keep their own', () => {
    const cases = [
      kernelMessages(),
      ...smokeCases(),
      lavaCase('1_second', 'b', 'fail'),
      stage('1_second'),
      jobPassed(),
    ];

    const verdict = judged({ lava: lavaJob('Complete', cases) });

    expect(verdict.rule).toBe('boot-with-faults');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'PASS', second: 'FAIL' });
    expect(blamed(verdict)).toEqual(['boot: nobody']);
  });

  it('fails a boot that crashed before the attempt that passed', () => {
    const log = [...BOOT, PANIC, ...BOOT, ...SHELL, ...SMOKE_ENDED, started('1_second'), ended('1_second')];
    const cases = [...smokeCases(), lavaCase('1_second', 'b'), stage('1_second'), jobPassed()];

    const verdict = judged({ lava: lavaJob('Complete', cases), console: consoleOf(log) });

    expect(verdict.rule).toBe('boot-with-faults');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'PASS', second: 'PASS' });
    expect(blamed(verdict)).toEqual(['boot: kernel']);
  });

  it('still errs a complete job’s test that left no case', () => {
    const verdict = judged({ lava: lavaJob('Complete', [kernelMessages(), ...smokeCases(), jobPassed()]) });

    expect(verdict.rule).toBe('boot-with-faults');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'PASS', second: 'ERROR' });
    expect(blamed(verdict)).toEqual(['boot: nobody', 'second: tool']);
  });

  it('asks LAVA what became of tests that were cut short', () => {
    const cases = [kernelMessages(), ...smokeCases(), stage('1_second', 'fail'), jobError('Infrastructure')];

    const verdict = judged({ lava: lavaJob('Incomplete', cases) });

    expect(verdict.rule).toBe('boot-with-faults');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'PASS', second: 'ERROR' });
    expect(blamed(verdict)).toEqual(['boot: nobody', 'second: harness']);
  });

  it('is not for a boot whose login never passed', () => {
    const verdict = judged({
      lava: lavaJob('Incomplete', [kernelMessages(), login('fail'), jobError('Job')]),
    });

    expect(verdict.rule).toBe('no-login');
  });
});

describe('rule no-login', () => {
  const timedOut = (): LavaCase[] => [
    login('fail'),
    jobError('Job', 'auto-login-action timed out after 120 seconds'),
  ];

  it('fails a kernel that ran and never let anybody in', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', timedOut()), console: consoleOf(BOOT) });

    expect(verdict.rule).toBe('no-login');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'MISS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: nobody']);
  });

  it('takes a kernel-messages case for a kernel that ran', () => {
    const cases = [lavaCase('lava', 'kernel-messages'), ...timedOut()];

    expect(judged({ lava: lavaJob('Incomplete', cases) }).rule).toBe('no-login');
  });

  it('blames the kernel where the log has a report of it', () => {
    const log = [
      ...BOOT,
      '[    1.5] ------------[ cut here ]------------',
      '[    1.5] WARNING: CPU: 0 PID: 1 at drivers/foo.c:12 foo_probe+0x1/0x2',
      '[    1.5] Modules linked in:',
      '[    1.5] ---[ end trace 0000000000000000 ]---',
    ];

    const verdict = judged({ lava: lavaJob('Incomplete', timedOut()), console: consoleOf(log) });

    expect(verdict.rule).toBe('no-login');
    expect(blamed(verdict)).toEqual(['boot: kernel']);
  });

  it('is not for the whole job’s time-out, as LAVA words it', () => {
    const cases = [login('fail'), jobError('Job', 'job timed out after 600 seconds')];

    const verdict = judged({ lava: lavaJob('Incomplete', cases), console: consoleOf(BOOT) });

    expect(verdict.rule).toBe('lava-failed');
    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: harness']);
  });

  it('is not for an action that LAVA cut because the whole job was over its time', () => {
    const short = definition(['smoke'], 'timeouts: {job: {seconds: 6}}\n');
    const long = definition(['smoke'], 'timeouts: {job: {minutes: 10}}\n');
    const cut = 'exception: auto-login-action timed out after 5 seconds';
    const log = consoleOf(['info: start: 1 deploy', ...BOOT, cut, 'info: cleaning', 'info: a minute later']);

    const over = judged({ lava: lavaJob('Incomplete', timedOut(), { definition: short }), console: log });
    const inTime = judged({ lava: lavaJob('Incomplete', timedOut(), { definition: long }), console: log });

    expect(over.rule).toBe('lava-failed');
    expect(inTime.rule).toBe('no-login');
  });

  it('is not for an infrastructure failure while the kernel boots', () => {
    const lava = lavaJob('Incomplete', [login('fail'), jobError('Infrastructure', 'Connection closed')]);

    expect(judged({ lava, console: consoleOf(BOOT) }).rule).toBe('infrastructure');
  });
});

describe('rule silent-kernel', () => {
  it.each([
    'EFI stub: Using DTB from configuration table',
    'EFI stub: UEFI Secure Boot is enabled.',
    'EFI stub: ERROR: Failed to relocate kernel',
  ])('takes any line of the EFI stub for a kernel that was started: %s', (line) => {
    const lava = lavaJob('Incomplete', [
      login('fail'),
      jobError('Job', 'auto-login-action timed out after 120 seconds'),
    ]);

    expect(judged({ lava, console: consoleOf(['GNU GRUB', line]) }).rule).toBe('silent-kernel');
  });

  const mute = ['U-Boot 2026.01', 'Starting kernel ...', ''];
  const lava = lavaJob('Incomplete', [
    login('fail'),
    jobError('Job', 'auto-login-action timed out after 120 seconds'),
  ]);

  it('fails a kernel that was started and said nothing until the login timed out', () => {
    const verdict = judged({ lava, console: consoleOf(mute) });

    expect(verdict.rule).toBe('silent-kernel');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'MISS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: nobody']);
  });

  it('knows the EFI stub’s lines', () => {
    const log = ['UEFI firmware', 'EFI stub: Exiting boot services...'];

    expect(judged({ lava, console: consoleOf(log) }).rule).toBe('silent-kernel');
  });

  it('is not for a failure that is no time-out of the login', () => {
    const other = lavaJob('Incomplete', [jobError('Job', 'bootloader-commands failed')]);

    const verdict = judged({ lava: other, console: consoleOf(mute) });

    expect(verdict.rule).toBe('lava-failed');
    expect(verdict.boot.status).toBe('MISS');
  });

  it('is not for a boot loader that never said that it starts the kernel', () => {
    const verdict = judged({ lava, console: consoleOf(['U-Boot 2026.01', '+ echo Starting kernel ...']) });

    expect(verdict.rule).toBe('no-kernel-started');
    expect(verdict.boot.status).toBe('MISS');
  });
});

describe('rule infrastructure', () => {
  it('errs all of a job whose infrastructure failed before the login', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', [jobError('Infrastructure')]) });

    expect(verdict.rule).toBe('infrastructure');
    expect(statuses(verdict)).toEqual({ boot: 'ERROR', smoke: 'ERROR', second: 'ERROR' });
    expect(blamed(verdict)).toEqual(['boot: harness']);
    expect(verdict.node).toMatchObject({ result: 'incomplete', errorCode: 'Infrastructure' });
  });

  it('says MISS where that is wanted', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', [jobError('Infrastructure')]) }, undefined, {
      infrastructureStatus: 'MISS',
    });

    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS', second: 'MISS' });
  });

  it('passes the boot after a login, and takes no failed case of the cut test for a failure', () => {
    const cases = [
      ...smokeCases(),
      lavaCase('1_second', 'b', 'fail'),
      lavaCase('1_second', 'c'),
      stage('1_second', 'fail'),
      jobError('Infrastructure'),
    ];

    const verdict = judged({ lava: lavaJob('Incomplete', cases) });

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS', second: 'ERROR' });
    expect(verdict.roots[1]?.leaves.map((leaf) => [leaf.path, leaf.status, leaf.misc])).toEqual([
      ['second.b', 'ERROR', { lava_result: 'fail' }],
      ['second.c', 'PASS', {}],
    ]);
    expect(blamed(verdict)).toEqual(['second: harness']);
  });

  it('keeps the failures of tests that had ended', () => {
    const cases = [login(), lavaCase('0_smoke', 'a', 'fail'), stage('0_smoke'), jobError('Infrastructure')];

    expect(statuses(judged({ lava: lavaJob('Incomplete', cases) }))).toEqual({
      boot: 'PASS',
      smoke: 'FAIL',
      second: 'ERROR',
    });
  });

  it('keeps the failures of a test whose definitions had ended beside one that LAVA left out', () => {
    const cases = [login(), lavaCase('1_second', 'a', 'fail'), stage('1_second'), jobError('Test')];
    const asked = ask({ smoke: ['smoke', 'second'] });

    expect(statuses(judged({ lava: lavaJob('Incomplete', cases) }, asked))).toEqual({
      boot: 'PASS',
      smoke: 'FAIL',
    });
  });

  it.each([
    ['Infrastructure', 'harness'],
    ['Bug', 'harness'],
    ['MultinodeTimeout', 'nobody'],
    ['Test', 'tool'],
  ])(
    'explains the test of which LAVA left a definition out, where a job ended after the rest (%s)',
    (type, who) => {
      const cases = [login(), lavaCase('1_second', 'a'), stage('1_second'), jobError(type)];
      const stalled = '[   60.0] rcu: INFO: rcu_sched self-detected stall on CPU';
      const console = consoleOf([
        ...BOOT,
        ...SHELL,
        started('1_second'),
        stalled,
        'going on',
        ended('1_second'),
      ]);

      const verdict = judged(
        { lava: lavaJob('Incomplete', cases), console },
        ask({ smoke: ['smoke', 'second'] }),
      );

      expect(verdict.boot.status).toBe('PASS');
      expect(verdict.roots.map(({ status }) => status)).not.toContain('PASS');
      expect(blamed(verdict)).toContain(`smoke: ${who}`);
    },
  );

  it('is for an incomplete job without a case of the whole job', () => {
    const cases = [login(), lavaCase('0_smoke', 'a')];

    const verdict = judged({ lava: lavaJob('Incomplete', cases) });

    expect(verdict.rule).toBe('infrastructure');
    expect(verdict.node).toMatchObject({ result: 'incomplete', errorCode: 'Infrastructure' });
  });

  it('is not for one of which LAVA says elsewhere how it failed', () => {
    const error = { type: 'Job', message: 'bootloader-interrupt timed out after 30 seconds' };

    const verdict = judged({ lava: lavaJob('Incomplete', [], { error }), complete: true });

    expect(verdict.rule).toBe('no-kernel-started');
    expect(verdict.node).toMatchObject({ errorCode: 'Job', errorMsg: error.message });
  });
});

describe('rule no-kernel-started', () => {
  it('misses all of a job whose kernel was never started', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', [jobError('Job', 'Resource unavailable (404)')]) });

    expect(verdict.rule).toBe('no-kernel-started');
    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: harness']);
    expect(verdict.node).toEqual({
      result: 'incomplete',
      errorCode: 'Job',
      errorMsg: 'Resource unavailable (404)',
    });
  });

  it('never fails a boot on LAVA’s word alone', () => {
    const lava = lavaJob('Incomplete', [
      login('fail'),
      jobError('Job', 'auto-login-action timed out after 120 seconds'),
    ]);

    expect(judged({ lava }).boot.status).toBe('MISS');
  });
});

describe('rule test-cut-short', () => {
  it('happened in the last test that started, not in one before that did not end either', () => {
    const cases = [stage('0_smoke', 'fail'), lavaCase('1_second', 'b'), stage('1_second', 'fail')];

    const verdict = judged({ lava: lavaJob('Incomplete', [login(), ...cases, jobError('LAVATimeout')]) });

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'ERROR', second: 'ERROR' });
    expect(blamed(verdict)).toEqual(['second: tool']);
  });

  it('happened in the only test that was asked for, whatever its definition is called', () => {
    const cases = [login(), stage('0_odd', 'fail'), jobError('LAVATimeout')];
    const lava = lavaJob('Incomplete', cases, { definition: definition(['odd']) });

    expect(statuses(judged({ lava }, ask({ ltp: ['ltp'] })))).toEqual({ boot: 'PASS', ltp: 'ERROR' });
  });

  it('passes no test of which a definition never ran, whatever the others say', () => {
    const cases = [
      login(),
      lavaCase('0_a', 'x'),
      stage('0_a'),
      stage('1_b', 'fail'),
      jobError('LAVATimeout'),
    ];
    const lava = lavaJob('Incomplete', cases, { definition: definition(['a', 'b', 'more']) });

    expect(statuses(judged({ lava }, ask({ one: ['a', 'more'], two: ['b'] })))).toEqual({
      boot: 'PASS',
      one: 'MISS',
      two: 'ERROR',
    });
  });

  it.each(['Test', 'LAVATimeout', 'Job'])('errs the test that a %s error cut short', (type) => {
    const lava = lavaJob('Incomplete', [...smokeCases(), stage('1_second', 'fail'), jobError(type)]);

    const verdict = judged({ lava });

    expect(verdict.rule).toBe('test-cut-short');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS', second: 'ERROR' });
    expect(blamed(verdict)).toEqual(['second: tool']);
    expect(verdict.node).toMatchObject({ result: 'incomplete', errorCode: type });
  });

  it('fails a cut test of which a case failed, and misses those after it', () => {
    const cases = [login(), lavaCase('0_smoke', 'a', 'fail'), stage('0_smoke', 'fail'), jobError('Test')];

    const verdict = judged({ lava: lavaJob('Incomplete', cases) });

    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'FAIL', second: 'MISS' });
    expect(verdict.node.result).toBe('fail');
  });

  it('is for the whole job’s time-out after the login too', () => {
    const lava = lavaJob('Incomplete', [...smokeCases(), jobError('Job', 'job timed out after 600 seconds')]);

    const verdict = judged({ lava });

    expect(verdict.rule).toBe('test-cut-short');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS', second: 'ERROR' });
  });

  it('does not pass a boot without a login', () => {
    const lava = lavaJob('Incomplete', [jobError('Test')]);

    const verdict = judged({ lava });

    expect(verdict.rule).toBe('lava-failed');
    expect(verdict.boot.status).toBe('MISS');
  });
});

describe('rule multinode-timeout', () => {
  it('errs the test in which a group did not meet, and blames no side', () => {
    const lava = lavaJob('Incomplete', [
      login(),
      lavaCase('0_smoke', 'a'),
      stage('0_smoke', 'fail'),
      jobError('MultinodeTimeout'),
    ]);

    const verdict = judged({ lava });

    expect(verdict.rule).toBe('multinode-timeout');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'ERROR', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['smoke: nobody']);
  });

  it('misses the boot of a group that did not meet before the login', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', [jobError('MultinodeTimeout')]) });

    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: nobody']);
  });
});

describe('rule lava-failed', () => {
  it.each([
    ['Bug', 'Bug'],
    ['Configuration', 'Configuration'],
    ['ObjectNotPersisted', 'ObjectNotPersisted'],
    ['FastbootDeviceNotFound', 'Infrastructure'],
    ['Unknown', 'Bug'],
    ['', 'Bug'],
    ['Something new', 'Bug'],
  ])('misses what a %s error cut short', (type, code) => {
    const lava = lavaJob('Incomplete', [...smokeCases(), stage('1_second', 'fail'), jobError(type)]);

    const verdict = judged({ lava });

    expect(verdict.rule).toBe('lava-failed');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['second: harness']);
    expect(verdict.node).toMatchObject({ result: 'incomplete', errorCode: code });
    expect(verdict.node.errorMsg).toContain(code === type ? 'some message' : type);
  });

  it('blames the boot where no login was reached', () => {
    const verdict = judged({ lava: lavaJob('Incomplete', [jobError('Bug')]) });

    expect(statuses(verdict)).toEqual({ boot: 'MISS', smoke: 'MISS', second: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: harness']);
  });
});

describe('rule missing-results', () => {
  it('errs a test of a complete job that never started, and one that has no case', () => {
    const cases = [...smokeCases(), stage('1_second'), jobPassed()];
    const asked = ask({ smoke: ['smoke'], second: ['second'], ltp: ['ltp'] });

    const verdict = judged({ lava: lavaJob('Complete', cases) }, asked);

    expect(verdict.rule).toBe('missing-results');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS', second: 'ERROR', ltp: 'ERROR' });
    expect(blamed(verdict)).toEqual(['second: tool', 'ltp: tool']);
    expect(verdict.node).toMatchObject({ result: 'incomplete', errorCode: 'Test' });
  });

  it('expects nothing of a suite that was not planned', () => {
    const cases = [stage('0_net'), lavaCase('1_a', 'x'), stage('1_a'), lavaCase('2_b', 'y'), stage('2_b')];
    const lava = lavaJob('Complete', [login(), ...cases, jobPassed()], {
      definition: definition(['net', 'a', 'b']),
    });

    const verdict = judged({ lava }, ask({ a: ['a'], b: ['b'] }));

    expect(verdict.rule).toBe('complete');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', a: 'PASS', b: 'PASS' });
  });

  it('asks no case of the boot test or of a helper', () => {
    const asked = ask({ boot: ['dmesg'], smoke: ['smoke'] }, { helpers: ['second'] });

    const verdict = judged({ lava: lavaJob('Complete', [...smokeCases(), jobPassed()]) }, asked);

    expect(verdict.rule).toBe('complete');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: 'PASS' });
  });
});

describe('rule complete', () => {
  const complete = (...results: LavaCase[]) =>
    judged({
      lava: lavaJob('Complete', [login(), ...results, stage('0_smoke'), jobPassed()], {
        definition: definition(['smoke']),
      }),
    });

  it.each([
    [['pass', 'pass'], 'PASS', 'pass'],
    [['pass', 'skip'], 'PASS', 'pass'],
    [['skip', 'skip'], 'SKIP', 'skip'],
    [['pass', 'unknown'], 'ERROR', 'incomplete'],
    [['unknown', 'fail'], 'FAIL', 'fail'],
  ] as const)('gives a test with %j the highest, %s', (results, status, node) => {
    const verdict = complete(...results.map((result, i) => lavaCase('0_smoke', `case-${i}`, result)));

    expect(verdict.rule).toBe('complete');
    expect(statuses(verdict)).toEqual({ boot: 'PASS', smoke: status });
    expect(verdict.node.result).toBe(node);
  });

  it('blames no side for a failed case, unless the kernel reported an error in that suite', () => {
    const warning = [
      '[    5.0] ------------[ cut here ]------------',
      '[    5.0] WARNING: CPU: 0 PID: 1 at drivers/foo.c:12 foo_probe+0x1/0x2',
      '[    5.0] ---[ end trace 0000000000000000 ]---',
    ];
    const cases = [login(), lavaCase('0_smoke', 'a', 'fail'), stage('0_smoke'), jobPassed()];
    const lava = lavaJob('Complete', cases, { definition: definition(['smoke']) });
    const inSuite = [...BOOT, ...SHELL, started('0_smoke'), ...warning, ended('0_smoke')];
    const inBoot = [...BOOT, ...warning, ...SHELL, ...SMOKE_ENDED];

    expect(blamed(judged({ lava, console: consoleOf(inSuite) }))).toEqual(['smoke: kernel']);
    expect(blamed(judged({ lava, console: consoleOf(inBoot) }))).toEqual([]);
  });

  it('explains nothing where everything passed', () => {
    const verdict = complete(lavaCase('0_smoke', 'a'));

    expect(verdict.issues).toEqual([]);
    expect(verdict.node).toEqual({ result: 'pass', errorCode: undefined, errorMsg: undefined });
  });
});

describe('the boot test', () => {
  const boot = ask({ boot: ['dmesg'], smoke: ['smoke'] });

  it('is one test with what a request calls boot, with the worse of both statuses', () => {
    const cases = [
      login(),
      lavaCase('0_dmesg', 'crit', 'fail'),
      stage('0_dmesg'),
      lavaCase('1_smoke', 'a'),
      stage('1_smoke'),
      jobPassed(),
    ];
    const lava = lavaJob('Complete', cases, { definition: definition(['dmesg', 'smoke']) });

    const verdict = judged({ lava }, boot);

    expect(verdict.rule).toBe('complete');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'PASS' });
    expect(verdict.boot.leaves.map((leaf) => leaf.path)).toEqual(['boot.dmesg.crit']);
    expect(verdict.node.result).toBe('fail');
  });

  it('fails with a crash in one of its own suites', () => {
    const lava = lavaJob('Incomplete', [login(), stage('0_dmesg', 'fail'), jobError('Infrastructure')], {
      definition: definition(['dmesg', 'smoke']),
    });

    const verdict = judged(
      { lava, console: consoleOf([...BOOT, ...SHELL, started('0_dmesg'), PANIC]) },
      boot,
    );

    expect(verdict.rule).toBe('crashed-in-test');
    expect(statuses(verdict)).toEqual({ boot: 'FAIL', smoke: 'MISS' });
    expect(blamed(verdict)).toEqual(['boot: kernel']);
  });

  it('stands where the request puts it', () => {
    const asked = ask({ 'boot.nfs': ['dmesg'] }, { bootPath: 'boot.nfs' });
    const lava = lavaJob('Complete', [login(), lavaCase('0_dmesg', 'crit'), stage('0_dmesg'), jobPassed()], {
      definition: definition(['dmesg']),
    });

    expect(statuses(judged({ lava }, asked))).toEqual({ 'boot.nfs': 'PASS' });
  });

  it('is boot.nfs for an NFS boot without a request', () => {
    const nfs = definition(['smoke']).replace(
      'deploy: {to: tmpfs}',
      'deploy: {to: tftp, nfsrootfs: {url: x}}',
    );

    const verdict = judged({ lava: lavaJob('Incomplete', [jobError('Job')], { definition: nfs }) });

    expect(verdict.boot.path).toBe('boot.nfs');
  });

  it('says when the board spoke first and when somebody was in', () => {
    const verdict = judged({
      lava: lavaJob('Complete', [...smokeCases(), jobPassed()], { definition: definition(['smoke']) }),
      console: consoleOf(['info: start', ...BOOT, ...SHELL, ...SMOKE_ENDED]),
    });

    expect(verdict.boot.startedAt).toBe(START + 1000);
    expect(verdict.boot.duration).toBe(6000);
    expect(verdict.roots[0]?.startedAt).toBe(START + 8000);
    expect(verdict.roots[0]?.duration).toBe(1000);
  });
});
