// The parts that every job's log is made of, in the order in which a job goes through them: validate, deploy, boot,
// login, suites, end. Modelled on what LAVA wrote in the real labs.
import { parseJson } from '../../core/parse/json.ts';
import { PARSE_LIMITS } from '../../core/parse/limits.ts';
import { kernelUrl, type SimCase, type SimSuite } from './definition.ts';
import type { JobLog } from './job-log.ts';
import * as text from './kernel-lines.ts';
import type { LogValue } from './python.ts';

/** Why a test shell ends before its suites do. */
export type Interruption =
  | { kind: 'panic' }
  | { kind: 'closed' }
  | { kind: 'timeout'; seconds: number; errorType?: string }
  | { kind: 'raise'; text: string }
  | { kind: 'broken-signal' }
  | { kind: 'stopped' }
  | { kind: 'lost' };

/** Runs LAVA's own check of the job; with an error, that is all there is. */
export function validate(log: JobLog, error?: string): void {
  log.info(`lava-dispatcher, installed at version: ${log.run.age.version}`);
  log.info('start: 0 validate');
  log.debug(`Validating that ${kernelUrl(log.run.definition)} exists`);
  log.wait(30);
  log.info('validate duration: 0.03');
  log.result({ definition: 'lava', case: 'validate', result: error === undefined ? 'pass' : 'fail' });
}

/** Test overlays and downloads. */
export function deploy(log: JobLog): void {
  log.info('start: 1 deployimages (timeout 00:05:00) [common]');
  log.within('1.1.3', 'test-definition', () => log.run.suites.forEach((suite, i) => overlay(log, suite, i)));
  const name = kernelUrl(log.run.definition);
  log.within('1.4', 'download-retry', () => {
    log.info(`downloading ${name}`);
    for (const percent of [0, 25, 50, 75, 100]) log.debug(`progress ${String(percent).padStart(3)}% (13MB)`);
    log.wait(60);
    log.info('13MB downloaded in 0.06s (216.81MB/s)');
    log.action('http-download', '1.4.1', 'pass', 60, { label: 'kernel', size: 14186432 });
  });
  log.info('end: 1 deployimages (duration 00:00:00) [common]');
}

function overlay(log: JobLog, suite: SimSuite, i: number): void {
  const about = { from: suite.from, name: suite.plain, path: suite.path, uuid: uuid(log, i) };
  for (const [step, name] of ['test-overlay', 'test-install-overlay', 'test-runscript-overlay'].entries()) {
    log.action(name, `1.1.3.${i * 4 + 2 + step}`, 'pass', 0, about);
  }
}

/** LAVA's name for the run of a suite. */
export function uuid(log: JobLog, suite: number): string {
  return `${log.run.id}_1.1.3.${suite * 4 + 1}`;
}

/** Whether the board is LAVA's QEMU; any other is treated as a board with U-Boot. */
function isQemu(log: JobLog): boolean {
  return log.run.definition.actions.some((action) => action.boot?.method === 'qemu');
}

function isArm(log: JobLog): boolean {
  return !isQemu(log) || /arm/.test(log.run.definition.device_type);
}

/** From power-on to the boot loader's prompt. */
export function bootloader(log: JobLog): void {
  log.info('start: 2 boot-image-retry (timeout 00:03:00) [common]');
  if (isQemu(log)) {
    log.info(
      'Boot command: /usr/bin/qemu-system-x86_64 -nographic -monitor none -append "console=ttyS0 panic=5"',
    );
    log.action('execute-qemu', '2.1.1', 'pass', 10, { host_arch: 'amd64', job_arch: 'amd64' });
    log.debug('start: 2.2 auto-login-action (timeout 00:03:00) [common]');
    if (!isArm(log)) for (const line of text.SEABIOS) log.target(line);
    return;
  }
  log.action('reset-device', '2.1', 'pass', 500, { status: 'success' });
  for (const line of text.UBOOT) log.target(line);
  log.wait(200);
  log.action('bootloader-interrupt', '2.3', 'pass', 200, {});
  for (const line of text.UBOOT_LOAD) log.target(line);
  log.action('bootloader-commands', '2.4', 'pass', 400, {});
}

/** The boot loader gives the machine to the kernel. */
export function handover(log: JobLog): void {
  const lines = isQemu(log) ? (isArm(log) ? [] : text.X86_HANDOVER) : text.UBOOT_HANDOVER;
  for (const line of lines) log.target(line);
  log.wait(150);
  log.debug("auto-login-action: Wait for prompt ['Linux version [0-9]'] (timeout 00:03:00)");
}

/** The kernel's first lines. */
export function kernelStart(log: JobLog): void {
  log.powerOn();
  if (isArm(log)) log.kernel('Booting Linux on physical CPU 0x0000000000 [0x410fd034]', text.ARM_BANNER);
  else log.kernel(text.X86_BANNER);
  log.debug('start: 2.2.1 login-action (timeout 00:02:59) [common]');
  log.info('Parsing kernel messages');
  for (const line of text.BOOT) {
    log.wait(60);
    log.kernel(line);
  }
}

/** `message`: what the console shows from the panic on; `dead` machines say that they ended, others reboot. */
export function bootPanic(log: JobLog, dies: boolean): string {
  log.kernel(...text.NO_ROOT, text.VFS_PANIC, ...text.VFS_PANIC_TRACE);
  log.kernel(dies ? 'Rebooting in 1 seconds..' : `---[ end ${text.VFS_PANIC} ]---`);
  return [text.VFS_PANIC, ...text.VFS_PANIC_TRACE].map((line) => `[    2.329214] ${line}`).join('\r\r\n');
}

/** Init runs, and the shell's prompt comes. `reports` are kernel reports that LAVA counted on the way. */
export function login(log: JobLog, reports: LogValue[] = [], result: 'pass' | 'fail' = 'pass'): void {
  log.kernel(...text.INIT);
  log.wait(130);
  log.target('BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1) built-in shell (ash)');
  log.action('kernel-messages', '2.2.1', result, 1630, { extra: reports });
  const extra: Record<string, LogValue> =
    reports.length > 0 ? { fail: reports } : { success: 'No kernel warnings or errors detected.' };
  log.action('login-action', '2.2.1', 'pass', 1640, extra);
  log.debug('end: 2.2 auto-login-action (duration 00:00:02) [common]');
  log.target(`${prompt(log)} #`);
  log.info('end: 2 boot-image-retry (duration 00:00:02) [common]');
}

function prompt(log: JobLog): string {
  const prompts = log.run.definition.actions.flatMap((action) => action.boot?.prompts ?? []);
  return typeof prompts[0] === 'string' ? prompts[0] : '/ #';
}

/** A boot that LAVA gave up; the same text goes through all the actions around the one that failed. */
export function failBoot(log: JobLog, error: string): void {
  log.add('exception', error);
  log.action('login-action', '2.2.1', 'fail', 3860, { fail: error });
  log.add('error', `auto-login-action failed: 1 of 1 attempts. '${error}'`);
  log.action('auto-login-action', '2.2', 'fail', 4470, { fail: error });
  log.add('error', `boot-image-retry failed: 1 of 1 attempts. '${error}'`);
  log.action('boot-image-retry', '2', 'fail', 4470, { fail: error });
  log.info('end: 2 boot-image-retry (duration 00:00:04) [common]');
}

/** The test shell starts, if the job has tests. */
export function startTests(log: JobLog): void {
  if (log.run.suites.length === 0) return;
  log.info('start: 3 lava-test-retry (timeout 00:03:00) [common]');
  log.add('input', `/lava-${log.run.id}/bin/lava-test-runner /lava-${log.run.id}/0\n`);
  log.target(`${prompt(log)} /lava-${log.run.id}/bin/lava-test-runner /lava-${log.run.id}/0`);
}

/** One suite from begin to end. With `after`, only so many cases run, and nothing closes it. */
export function suite(log: JobLog, index: number, cases: readonly SimCase[], after?: number): void {
  const { name, path, repository } = log.run.suites[index] ?? { name: 'none', path: '', repository: '' };
  const id = uuid(log, index);
  log.target(`+ export 'TESTRUN_ID=${name}'`);
  log.target('+ set +x');
  signal(log, 'STARTRUN', `${name} ${id}`);
  log.info(`Starting test lava.${name} (${id})`);
  let set: string | undefined;
  for (const item of cases.slice(0, after ?? cases.length)) {
    if (item.set !== set) {
      signal(log, 'TESTSET', item.set === undefined ? 'STOP' : `START ${item.set}`);
      set = item.set;
    }
    testCase(log, name, item);
  }
  if (after !== undefined) return;
  if (set !== undefined) signal(log, 'TESTSET', 'STOP');
  signal(log, 'ENDRUN', `${name} ${id}`);
  log.info(`Ending test lava.${name} (${id}), duration 0.13`);
  missingCases(log, index);
  log.result({
    definition: 'lava',
    case: name,
    namespace: 'common',
    path,
    repository: logValue(repository),
    revision: 'unspecified',
    uuid: id,
    duration: '0.13',
    result: 'pass',
  });
}

function signal(log: JobLog, name: string, rest: string): void {
  log.target(`<LAVA_SIGNAL_${name} ${rest}>`);
  log.debug(`Received signal: <${name}> ${rest}`);
}

/** The expected cases of a suite that did not come. LAVA records them once the suite or the job is over. */
function missingCases(log: JobLog, index: number): void {
  const { name = '', expected = [] } = log.run.suites[index] ?? {};
  if (!log.run.age.expectedCases) return;
  for (const missing of expected.filter((item) => !log.has(name, item))) {
    const reason = "missing expected test cases are reported as 'fail' by LAVA.";
    log.result({ definition: name, case: missing, result: 'fail', level: '3.1', extra: { reason } });
  }
}

/** What LAVA stores for a case: one that came unasked is made a failure. */
function storedResult(log: JobLog, suite: string, { name, result }: SimCase): SimCase['result'] {
  const expected = log.run.suites.find((item) => item.name === suite)?.expected;
  if (!log.run.age.expectedCases || expected === undefined || expected.includes(name)) return result;
  log.add('warning', `'${name}' not found in expected test case list!`);
  if (result !== 'fail') log.add('warning', `Forcing unexpected '${name}' result '${result}' to 'fail' ...`);
  return 'fail';
}

function testCase(log: JobLog, suite: string, item: SimCase): void {
  log.target(`+ ${item.step}`);
  log.wait(20);
  let first: number | undefined;
  let last: number | undefined;
  if (item.shell) {
    signal(log, 'STARTTC', item.name);
    first = log.line;
    signal(log, 'ENDTC', item.name);
    last = log.line;
  }
  const units = item.units === undefined ? '' : ` UNITS=${item.units}`;
  const measured = item.measurement === undefined ? '' : `${units} MEASUREMENT=${item.measurement}`;
  signal(log, 'TESTCASE', `TEST_CASE_ID=${item.name} RESULT=${item.result}${measured}`);
  const at = log.line;
  log.result({
    definition: suite,
    case: item.name,
    result: storedResult(log, suite, item),
    starttc: first ?? at,
    endtc: last ?? at,
    ...(item.set === undefined ? {} : { set: item.set }),
    ...(item.measurement === undefined ? {} : { measurement: item.measurement, units: item.units ?? '' }),
  });
}

/** The open suite is cut short; gives the error that the job ends with, if it still reports one. */
export function interrupt(
  log: JobLog,
  open: number,
  why: Interruption,
): [type: string, msg: string] | undefined {
  if (why.kind === 'lost') return undefined;
  if (why.kind === 'panic') log.kernel(...text.SYSRQ_PANIC, 'Rebooting in 1 seconds..');
  if (why.kind === 'raise') signal(log, 'TESTRAISE', why.text);
  if (why.kind === 'broken-signal') log.add('error', MALFORMED);
  log.wait(why.kind === 'timeout' ? why.seconds * 100 : 300);
  const [type, msg] = errorOf(why);
  const name = log.run.suites[open]?.name;
  log.add('error', 'Marking unfinished test run as failed');
  if (name !== undefined) {
    log.result({ definition: 'lava', case: name, uuid: uuid(log, open), result: 'fail', duration: '1.27' });
  }
  log.add('exception', msg);
  log.action('lava-test-shell', '3.1', 'fail', 1940, { fail: msg });
  log.add('error', `lava-test-retry failed: 1 of 1 attempts. '${msg}'`);
  log.action('lava-test-retry', '3', 'fail', 1940, { fail: msg });
  return [type, msg];
}

/** LAVA's words since 2026.07. */
const MALFORMED =
  "Malformed parameter for signal: '[' (signal corrupted by a kernel message, consider 'lava-signal: kmsg')";

function errorOf(why: Exclude<Interruption, { kind: 'lost' }>): [type: string, msg: string] {
  if (why.kind === 'raise') return ['Test', why.text];
  if (why.kind === 'broken-signal') return ['Test', MALFORMED];
  if (why.kind === 'stopped') return ['Canceled', 'The job was canceled'];
  if (why.kind !== 'timeout') return ['Infrastructure', 'Connection closed'];
  return [why.errorType ?? 'Test', `lava-test-shell timed out after ${why.seconds} seconds`];
}

const HELP = new Map([
  [
    'Infrastructure',
    'InfrastructureError: The Infrastructure is not working correctly. Please report this error to LAVA admins.',
  ],
  ['Job', 'JobError: Your job cannot terminate cleanly.'],
  ['Test', 'TestError: A test failed to run, look at the error message.'],
  ['Canceled', 'JobCanceled: The job was canceled'],
  ['Bug', 'LAVABug: This is probably a bug in LAVA, please report it.'],
  [
    'Configuration',
    'ConfigurationError: The LAVA instance is not configured correctly. Please report this error to LAVA admins.',
  ],
]);

/** Power off, clean up, and the job's own result. */
export function end(log: JobLog, error?: readonly [type: string | null, msg: string | null]): void {
  for (const index of log.run.suites.keys()) missingCases(log, index);
  log.info('start: 4 finalize (timeout 00:05:00) [common]');
  log.within('4.1', 'power-off', () => log.wait(10));
  log.within('4.2', 'read-feedback', () => log.wait(100));
  log.info('Cleaning after the job');
  log.info(`Root tmp directory removed at /var/lib/lava/dispatcher/tmp/${log.run.id}`);
  if (error === undefined) {
    log.info('Job finished correctly');
    log.result({ definition: 'lava', case: 'job', result: 'pass' });
    return;
  }
  const [type, msg] = error;
  log.add('error', HELP.get(type ?? '') ?? '');
  log.result({ definition: 'lava', case: 'job', result: 'fail', error_msg: msg, error_type: type });
}

/** What came out of YAML or JSON is a log value; anything else is left out. */
function logValue(value: unknown): LogValue {
  return parseJson(JSON.stringify(value ?? null), PARSE_LIMITS.file) as LogValue;
}
