// Scenarios of jobs that LAVA does not call Complete.
import {
  bootFails,
  CLOSED,
  cutShort,
  jobFails,
  neverBoots,
  toBootloader,
  toKernel,
  toLogin,
  type JobError,
  type Scenario,
} from './sequences.ts';
import type { RuleName } from '../../verdict/model.ts';
import { kernelUrl } from './definition.ts';
import {
  bootPanic,
  deploy,
  end,
  handover,
  startTests,
  suite,
  validate,
  type Interruption,
} from './phases.ts';
import { PASS } from './scenarios-complete.ts';

function cut(rule: RuleName, about: string, why: Interruption): Scenario {
  return { rule, about, play: (log) => cutShort(log, why) };
}

function unbooted(rule: RuleName, about: string, error: JobError): Scenario {
  return { rule, about, play: (log) => neverBoots(log, error) };
}

const NO_SERIAL: Scenario = {
  rule: 'infrastructure',
  about: 'the serial line closes before the kernel starts',
  play: (log) => {
    toBootloader(log);
    return bootFails(log, CLOSED);
  },
};

const TEST_PANIC = cut('crashed-in-test', 'the kernel panics in the last suite', { kind: 'panic' });

export const FAILED: Record<string, Scenario> = {
  refused: { rule: 'never-ran', about: 'LAVA refuses the submission', play: PASS.play },
  lost: {
    rule: 'never-ran',
    about: 'LAVA forgets the job while it runs',
    play: (log) => {
      toLogin(log);
      return 'vanishes';
    },
  },
  stuck: {
    rule: 'never-ran',
    about: 'its worker died: stays Running, then Canceling, for ever',
    play: (log) => {
      toLogin(log);
      return 'stuck';
    },
  },
  'boot-panic': {
    rule: 'crashed-in-boot',
    about: 'the kernel panics at boot, and QEMU stops: LAVA calls it Infrastructure',
    play: (log) => {
      toKernel(log);
      bootPanic(log, true);
      log.wait(1000);
      return bootFails(log, CLOSED);
    },
  },
  'boot-panic-hang': {
    rule: 'crashed-in-boot',
    about: 'the kernel panics at boot, and hangs: LAVA reads the panic',
    play: (log) => {
      toKernel(log);
      const message = bootPanic(log, false);
      log.add('error', "login-action kernel 'panic'");
      log.action('kernel-messages', '2.2.1', 'fail', 2560, { extra: [{ kind: 'panic', message }] });
      return bootFails(log, ['Job', message]);
    },
  },
  'login-panic': {
    rule: 'crashed-in-boot',
    about: 'the kernel panics after login, before the first suite',
    play: (log) => {
      toLogin(log);
      bootPanic(log, true);
      return jobFails(log, CLOSED);
    },
  },
  'test-panic': TEST_PANIC,
  long: {
    rule: 'canceled',
    about: 'runs until it is cancelled',
    play: (log) => {
      toLogin(log);
      startTests(log);
      for (const { cases } of log.run.suites.slice(0, 1)) suite(log, 0, cases, 1);
      for (let i = 0; i < 30; i++) {
        log.wait(1000);
        log.target(`tick ${i}`);
      }
      return 'never';
    },
  },
  'no-login': {
    rule: 'no-login',
    about: 'the kernel boots, but no prompt comes',
    play: (log) => {
      toKernel(log);
      log.wait(2000);
      return bootFails(log, ['Job', 'login-action timed out after 119 seconds']);
    },
  },
  'silent-kernel': {
    rule: 'silent-kernel',
    about: 'the boot loader starts the kernel, which says nothing',
    play: (log) => {
      toBootloader(log);
      handover(log);
      log.wait(2000);
      return bootFails(log, ['Job', 'auto-login-action timed out after 120 seconds']);
    },
  },
  'no-power': unbooted('infrastructure', 'the board can not be switched on', [
    'Infrastructure',
    "Command 'pduclient --port 3' failed: [Errno 111] Connection refused",
  ]),
  'no-serial': NO_SERIAL,
  'infrastructure-once': {
    rule: 'infrastructure',
    about: 'as no-serial for the first job with this kernel URL; later ones pass',
    play: (log) => (log.run.attempt > 0 ? PASS : NO_SERIAL).play(log),
  },
  'infrastructure-then-panic': {
    rule: 'infrastructure',
    about: 'as no-serial for the first job with this kernel URL; later ones as test-panic',
    play: (log) => (log.run.attempt > 0 ? TEST_PANIC : NO_SERIAL).play(log),
  },
  'test-closed': cut(
    'infrastructure',
    'the connection closes in the last suite, with no word from the kernel',
    {
      kind: 'closed',
    },
  ),
  'worker-stopped': cut(
    'infrastructure',
    "LAVA's worker is stopped in the last suite: Incomplete, Canceled",
    {
      kind: 'stopped',
    },
  ),
  'signal-broken': {
    rule: 'test-cut-short',
    about: 'a kernel message tears a signal of the last suite apart; LAVA 2023.01 only leaves the case out',
    play: (log) =>
      log.run.age.brokenSignalEndsJob ? cutShort(log, { kind: 'broken-signal' }) : PASS.play(log),
  },
  killed: cut('infrastructure', "LAVA's own process is killed in the last suite: no job case", {
    kind: 'lost',
  }),
  'deploy-404': {
    rule: 'no-kernel-started',
    about: 'an artifact is not there',
    play: (log) => {
      const url = kernelUrl(log.run.definition);
      const error = `Invalid job data: ["Resource unavailable at '${url}' (404)"]\n`;
      validate(log, error);
      end(log, ['Job', error]);
      return 'Incomplete';
    },
  },
  'no-bootloader': {
    rule: 'no-kernel-started',
    about: "the boot loader's prompt does not come",
    play: (log) => {
      validate(log);
      deploy(log);
      log.info('start: 2 boot-image-retry (timeout 00:03:00) [common]');
      log.wait(500);
      return bootFails(log, ['Job', 'bootloader-interrupt timed out after 30 seconds']);
    },
  },
  'test-timeout': cut('test-cut-short', 'the last suite does not end', { kind: 'timeout', seconds: 15 }),
  'test-raise': cut('test-cut-short', 'the last suite raises an error', {
    kind: 'raise',
    text: 'no-such-hardware',
  }),
  // LAVA 2023.01 names the action that ran when the whole job's time was over, and its kind of error.
  'job-timeout': cut('test-cut-short', "the whole job's time is over, in the last suite", {
    kind: 'timeout',
    seconds: 14,
  }),
  'boot-job-timeout': {
    rule: 'test-cut-short',
    about: "the whole job's time is over, between two actions",
    play: (log) => {
      toLogin(log);
      return jobFails(log, ['Job', 'job timed out after 1800 seconds']);
    },
  },
  'lava-timeout': cut('test-cut-short', 'error_type LAVATimeout', {
    kind: 'timeout',
    seconds: 15,
    errorType: 'LAVATimeout',
  }),
  'multinode-timeout': cut('multinode-timeout', 'error_type MultinodeTimeout', {
    kind: 'timeout',
    seconds: 15,
    errorType: 'MultinodeTimeout',
  }),
  bug: unbooted('lava-failed', 'error_type Bug', ['Bug', "'NoneType' object has no attribute 'readline'"]),
  configuration: unbooted('lava-failed', 'error_type Configuration', [
    'Configuration',
    'The device has no connection command',
  ]),
  'no-error-type': unbooted('lava-failed', 'a job case without error_type and error_msg', [null, null]),
};
