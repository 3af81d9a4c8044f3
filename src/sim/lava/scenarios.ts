// What may happen to a simulated job, by name. Each scenario writes a job's whole log in advance; the results are in it.
import { kernelUrl, type SimCase } from './definition.ts';
import { JobLog, type Entry, type Run } from './job-log.ts';
import { WARNING } from './kernel-lines.ts';
import {
  bootloader,
  bootPanic,
  deploy,
  end,
  failBoot,
  handover,
  interrupt,
  kernelStart,
  login,
  startTests,
  suite,
  uuid,
  validate,
  type Interruption,
} from './phases.ts';

/** How a job that ran to the end of its log ends. `never`: it stays Running until it is cancelled. */
export type Ending = 'Complete' | 'Incomplete' | 'never' | 'stuck' | 'vanishes';

export interface Scenario {
  /** The rule of the verdicts that it is made for. */
  rule: number;
  /** For people: what happens. */
  about: string;
  play: (log: JobLog) => Ending;
}

/** A run's log, and its end. */
export interface Script {
  entries: Entry[];
  ending: Ending;
}

/** Makes up the run of a job: the same log for the same run, always. */
export function play(name: string, run: Run): Script {
  const log = new JobLog(run);
  const ending = (SCENARIOS.get(name) ?? PASS).play(log);
  return { entries: log.entries, ending };
}

/** LAVA's lines for a job that is cancelled while it runs; `entries` is what it had written. */
export function playCancel(run: Run, entries: readonly Entry[]): Entry[] {
  const log = new JobLog(run);
  log.wait(entries.at(-1)?.at ?? 0);
  const started = entries.filter(
    (e) => typeof e.msg === 'string' && e.msg.startsWith('<LAVA_SIGNAL_STARTRUN'),
  ).length;
  const ended = entries.filter(
    (e) => typeof e.msg === 'string' && e.msg.startsWith('<LAVA_SIGNAL_ENDRUN'),
  ).length;
  if (started > ended) {
    const name = run.suites[started - 1]?.name ?? '';
    log.add('error', 'Marking unfinished test run as failed');
    log.result({
      case: name,
      definition: 'lava',
      duration: '0.30',
      result: 'fail',
      uuid: uuid(log, started - 1),
    });
  }
  log.add('exception', 'The job was canceled');
  end(log, ['Canceled', 'The job was canceled']);
  return log.entries;
}

function booted(log: JobLog): void {
  validate(log);
  deploy(log);
  bootloader(log);
  handover(log);
  kernelStart(log);
  login(log);
}

/** All suites; `pick` may change each suite's cases. */
function tested(
  log: JobLog,
  pick: (cases: SimCase[], index: number) => SimCase[] = (cases) => cases,
): Ending {
  startTests(log);
  log.run.suites.forEach(({ cases }, i) => suite(log, i, pick(cases, i)));
  if (log.run.suites.length > 0) {
    log.target('<LAVA_TEST_RUNNER EXIT>');
    log.info('ok: lava_test_shell seems to have completed');
  }
  end(log);
  return 'Complete';
}

/** Boots, and ends in the last suite, after its first case; the suites before it run whole. */
function interrupted(log: JobLog, why: Interruption): Ending {
  booted(log);
  startTests(log);
  const last = log.run.suites.length - 1;
  log.run.suites.forEach(({ cases }, i) => suite(log, i, cases, i === last ? 1 : undefined));
  const error = interrupt(log, last, why);
  if (error) end(log, error);
  return 'Incomplete';
}

function bootFailed(log: JobLog, type: string | null, msg: string | null): Ending {
  failBoot(log, msg ?? '');
  end(log, [type, msg]);
  return 'Incomplete';
}

/** Ends before the board was switched on. */
function notStarted(log: JobLog, type: string | null, msg: string | null): Ending {
  validate(log);
  deploy(log);
  log.add('exception', msg ?? '');
  end(log, [type, msg]);
  return 'Incomplete';
}

const one = (name: string, result: SimCase['result'], more: Partial<SimCase> = {}): SimCase => ({
  name,
  result,
  shell: false,
  step: `lava-test-case ${name} --result ${result}`,
  ...more,
});

const MIXED: SimCase[] = [
  one('pass-by-command', 'pass', { shell: true }),
  one('fail-by-command', 'fail', { shell: true }),
  one('skipped', 'skip'),
  one('unknown', 'unknown'),
  one('measured', 'pass', { measurement: 12.5, units: 'ms' }),
  one('uptime', 'pass', { measurement: 2.45, units: 's' }),
  one('in-set', 'pass', { set: 'set-one' }),
  one('in-set-failing', 'fail', { set: 'set-one' }),
];

const PASS: Scenario = {
  rule: 14,
  about: 'boots, and each case ends as its step says',
  play: (log) => {
    booted(log);
    return tested(log);
  },
};

const warning = { kind: 'warning', message: WARNING.join('\r\r\n') };

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  Object.entries<Scenario>({
    pass: PASS,
    mixed: {
      rule: 14,
      about: 'every suite has passing, failing, skipped, unknown and measured cases, and a set',
      play: (log) => {
        booted(log);
        return tested(log, () => MIXED);
      },
    },
    fail: {
      rule: 14,
      about: 'the last case of every suite fails',
      play: (log) => {
        booted(log);
        return tested(log, (cases) => [...cases.slice(0, -1), one(cases.at(-1)?.name ?? 'last', 'fail')]);
      },
    },
    skip: {
      rule: 14,
      about: 'every case is skipped',
      play: (log) => {
        booted(log);
        return tested(log, (cases) => cases.map(({ name }) => one(name, 'skip')));
      },
    },
    'many-cases': {
      rule: 14,
      about: 'every suite has 2,000 cases',
      play: (log) => {
        booted(log);
        return tested(log, () =>
          Array.from({ length: 2000 }, (_, i) => one(`case-${i}`, i % 50 === 7 ? 'fail' : 'pass')),
        );
      },
    },
    'odd-names': {
      rule: 14,
      about: 'case names with spaces, dots, slashes, quotes and letters of other scripts; one twice',
      play: (log) => {
        const names = ['a b', 'a.b', 'a/b', '"a"', 'é', '1e3', 'yes', 'None', '..', 'twice', 'twice'];
        booted(log);
        return tested(log, () => names.map((name) => one(name, 'pass')));
      },
    },
    'odd-log': {
      rule: 14,
      about: 'a console with control characters, broken text, escapes and a very long line',
      play: (log) => {
        booted(log);
        for (const line of [
          '\0\x07[31mred[0m',
          '�� \u{1f600} \x85\xa0',
          '"quoted" \\ \t',
          'x'.repeat(50_000),
        ]) {
          log.target(line);
        }
        log.add('debug', ['a', 'list']);
        log.add('warning', null);
        return tested(log);
      },
    },
    'big-log': {
      rule: 14,
      about: 'a console of 20,000 lines',
      play: (log) => {
        booted(log);
        for (let i = 0; i < 50_000; i++)
          log.kernel(`audit: type=1400 audit(${i}): apparmor="ALLOWED" operation="open"`);
        return tested(log);
      },
    },
    'boot-warning': {
      rule: 14,
      about: 'the kernel warns while it boots, and goes on',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        handover(log);
        kernelStart(log);
        log.kernel(...WARNING);
        login(log, [warning]);
        return tested(log);
      },
    },
    refused: { rule: 1, about: 'LAVA refuses the submission', play: PASS.play },
    lost: {
      rule: 1,
      about: 'LAVA forgets the job while it runs',
      play: (log) => {
        booted(log);
        return 'vanishes';
      },
    },
    'boot-panic': {
      rule: 2,
      about: 'the kernel panics at boot, and QEMU stops: LAVA calls it Infrastructure',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        handover(log);
        kernelStart(log);
        bootPanic(log, true);
        log.wait(1000);
        return bootFailed(log, 'Infrastructure', 'Connection closed');
      },
    },
    'boot-panic-hang': {
      rule: 2,
      about: 'the kernel panics at boot, and hangs: LAVA reads the panic',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        handover(log);
        kernelStart(log);
        const message = bootPanic(log, false);
        log.add('error', "login-action kernel 'panic'");
        log.action('kernel-messages', '2.2.1', 'fail', 2560, { extra: [{ kind: 'panic', message }] });
        return bootFailed(log, 'Job', message);
      },
    },
    'login-panic': {
      rule: 2,
      about: 'the kernel panics after login, before the first suite',
      play: (log) => {
        booted(log);
        bootPanic(log, true);
        log.add('exception', 'Connection closed');
        end(log, ['Infrastructure', 'Connection closed']);
        return 'Incomplete';
      },
    },
    'test-panic': {
      rule: 3,
      about: 'the kernel panics in the last suite',
      play: (log) => interrupted(log, { kind: 'panic' }),
    },
    long: {
      rule: 4,
      about: 'runs until it is cancelled',
      play: (log) => {
        booted(log);
        startTests(log);
        for (const { cases } of log.run.suites.slice(0, 1)) suite(log, 0, cases, 1);
        for (let i = 0; i < 30; i++) {
          log.wait(1000);
          log.target(`tick ${i}`);
        }
        return 'never';
      },
    },
    stuck: {
      rule: 1,
      about: 'its worker died: stays Running (then Canceling) for ever',
      play: (log) => {
        booted(log);
        return 'stuck';
      },
    },
    'boot-retry': {
      rule: 5,
      about: 'the first boot panics, the second one works',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        handover(log);
        kernelStart(log);
        const message = bootPanic(log, false);
        log.action('kernel-messages', '2.2.1', 'fail', 2560, { extra: [{ kind: 'panic', message }] });
        log.add('error', `auto-login-action failed: 1 of 3 attempts. '${message}'`);
        bootloader(log);
        handover(log);
        kernelStart(log);
        login(log);
        return tested(log);
      },
    },
    'kernel-messages': {
      rule: 5,
      about: 'LAVA fails kernel-messages, but the login works',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        handover(log);
        kernelStart(log);
        log.kernel(...WARNING);
        login(log, [warning], 'fail');
        return tested(log);
      },
    },
    'no-login': {
      rule: 6,
      about: 'the kernel boots, but no prompt comes',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        handover(log);
        kernelStart(log);
        log.wait(2000);
        return bootFailed(log, 'Job', 'login-action timed out after 119 seconds');
      },
    },
    'silent-kernel': {
      rule: 7,
      about: 'the boot loader starts the kernel, which says nothing',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        handover(log);
        log.wait(2000);
        return bootFailed(log, 'Job', 'auto-login-action timed out after 120 seconds');
      },
    },
    'no-power': {
      rule: 8,
      about: 'the board can not be switched on',
      play: (log) =>
        notStarted(
          log,
          'Infrastructure',
          "Command 'pduclient --port 3' failed: [Errno 111] Connection refused",
        ),
    },
    'no-serial': {
      rule: 8,
      about: 'the serial line closes before the kernel starts',
      play: (log) => {
        validate(log);
        deploy(log);
        bootloader(log);
        return bootFailed(log, 'Infrastructure', 'Connection closed');
      },
    },
    'infrastructure-once': {
      rule: 8,
      about: 'as no-serial for the first job with this kernel URL; later ones pass',
      play: (log) => {
        if (log.run.attempt > 0) return PASS.play(log);
        validate(log);
        deploy(log);
        bootloader(log);
        return bootFailed(log, 'Infrastructure', 'Connection closed');
      },
    },
    'test-closed': {
      rule: 8,
      about: 'the connection closes in the last suite, with no word from the kernel',
      play: (log) => interrupted(log, { kind: 'closed' }),
    },
    killed: {
      rule: 8,
      about: "LAVA's own process is killed in the last suite: no job case",
      play: (log) => interrupted(log, { kind: 'lost' }),
    },
    'deploy-404': {
      rule: 9,
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
      rule: 9,
      about: "the boot loader's prompt does not come",
      play: (log) => {
        validate(log);
        deploy(log);
        log.info('start: 2 boot-image-retry (timeout 00:03:00) [common]');
        log.wait(500);
        return bootFailed(log, 'Job', 'bootloader-interrupt timed out after 30 seconds');
      },
    },
    'test-timeout': {
      rule: 10,
      about: 'the last suite does not end',
      play: (log) => interrupted(log, { kind: 'timeout', seconds: 15 }),
    },
    'test-raise': {
      rule: 10,
      about: 'the last suite raises an error',
      play: (log) => interrupted(log, { kind: 'raise', text: 'no-such-hardware' }),
    },
    'job-timeout': {
      rule: 10,
      about: "the whole job's time is over, in the last suite: LAVA tells of the action that ran",
      play: (log) => interrupted(log, { kind: 'timeout', seconds: 14 }),
    },
    'boot-job-timeout': {
      rule: 10,
      about: "the whole job's time is over, between two actions",
      play: (log) => {
        const error = 'job timed out after 1800 seconds';
        booted(log);
        log.add('exception', error);
        end(log, ['Job', error]);
        return 'Incomplete';
      },
    },
    'lava-timeout': {
      rule: 10,
      about: 'error_type LAVATimeout',
      play: (log) => interrupted(log, { kind: 'timeout', seconds: 15, errorType: 'LAVATimeout' }),
    },
    'multinode-timeout': {
      rule: 11,
      about: 'error_type MultinodeTimeout',
      play: (log) => interrupted(log, { kind: 'timeout', seconds: 15, errorType: 'MultinodeTimeout' }),
    },
    bug: {
      rule: 12,
      about: 'error_type Bug',
      play: (log) => notStarted(log, 'Bug', "'NoneType' object has no attribute 'readline'"),
    },
    configuration: {
      rule: 12,
      about: 'error_type Configuration',
      play: (log) => notStarted(log, 'Configuration', 'The device has no connection command'),
    },
    'no-error-type': {
      rule: 12,
      about: 'a job case without error_type and error_msg',
      play: (log) => notStarted(log, null, null),
    },
    'suite-missing': {
      rule: 13,
      about: 'Complete, but the last suite never started',
      play: (log) => {
        booted(log);
        startTests(log);
        log.run.suites.slice(0, -1).forEach(({ cases }, i) => suite(log, i, cases));
        end(log);
        return 'Complete';
      },
    },
    'suite-empty': {
      rule: 13,
      about: 'Complete, but the last suite has no case',
      play: (log) => {
        booted(log);
        const last = log.run.suites.length - 1;
        return tested(log, (cases, i) => (i === last ? [] : cases));
      },
    },
  }),
);
