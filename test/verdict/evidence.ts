// Evidence made by hand, in few words: what LAVA recorded and what stood on the console.
import type { CaseResult, LavaCase, LavaHealth, LavaJob, LogLine } from '../../src/lava/model.ts';
import { createConsole, type ConsoleFacts } from '../../src/verdict/console.ts';
import { judge, type JudgeOptions } from '../../src/verdict/judge.ts';
import type { ExpectedTests, Evidence, Status, Verdict } from '../../src/verdict/model.ts';

export const START = Date.UTC(2026, 10, 21, 12, 0, 0);

let ids = 0;

export function lavaCase(
  suite: string,
  name: string,
  result: CaseResult = 'pass',
  more: Partial<LavaCase> = {},
): LavaCase {
  ids++;
  return {
    suite,
    name,
    result,
    set: undefined,
    measurement: undefined,
    unit: undefined,
    loggedAt: undefined,
    startLine: undefined,
    endLine: undefined,
    id: ids,
    metadata: {},
    ...more,
  };
}

/** LAVA's case of the whole job, failed. */
export function jobError(type: string, message = 'some message'): LavaCase {
  return lavaCase('lava', 'job', 'fail', { metadata: { error_type: type, error_msg: message } });
}

export const jobPassed = (): LavaCase => lavaCase('lava', 'job');
export const login = (result: CaseResult = 'pass'): LavaCase => lavaCase('lava', 'login-action', result);
export const stage = (name: string, result: CaseResult = 'pass'): LavaCase => lavaCase('lava', name, result);

/** A definition with these tests, one after the other. */
export function definition(names: string[], extra = ''): string {
  const tests = names.map((name) => `    - {name: ${name}, from: inline}\n`).join('');
  const test = names.length === 0 ? '' : `- test:\n    definitions:\n${tests}`;
  return `device_type: qemu\n${extra}actions:\n- deploy: {to: tmpfs}\n- boot: {method: qemu}\n${test}`;
}

export function lavaJob(health: LavaHealth, cases: LavaCase[], more: Partial<LavaJob> = {}): LavaJob {
  return {
    id: 42,
    state: 'Finished',
    health,
    device: 'qemu-01',
    submittedAt: START,
    startedAt: START,
    finishedAt: undefined,
    description: 'a job',
    failureComment: undefined,
    definition: definition(['smoke', 'second']),
    cases,
    ...more,
  };
}

/** A line of LAVA's log: text alone is the board's, `level: text` of another level of LAVA; of results, JSON. */
export function logLine(text: string, i: number): LogLine {
  const [, level, rest] =
    /^(debug|info|warning|error|exception|feedback|input|results): (.*)$/s.exec(text) ?? [];
  return {
    at: START + i * 1000,
    level: level ?? 'target',
    text: level === 'results' ? undefined : (rest ?? text),
    value: level === 'results' ? JSON.parse(rest ?? '') : undefined,
    namespace: undefined,
  };
}

export function consoleOf(lines: string[], cases: LavaCase[] = []): ConsoleFacts {
  const console = createConsole({ cases });
  lines.forEach((text, i) => console.line(logLine(text, i)));
  return console.end();
}

export const BOOT = [
  'U-Boot 2026.01',
  'Starting kernel ...',
  '[    0.000000] Linux version 6.18.0 (gcc)',
  '[    0.500000] Kernel command line: console=ttyS0',
  '[    1.000000] Run /init as init process',
];
export const PANIC =
  '[    2.000000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)';
export const SHELL = ['/ # export SHELL=/bin/sh', '+ set +x'];
export const started = (suite: string): string => `<LAVA_SIGNAL_STARTRUN ${suite} 42_1.1>`;
export const ended = (suite: string): string => `<LAVA_SIGNAL_ENDRUN ${suite} 42_1.1>`;

export function ask(paths: Record<string, string[]>, more: Partial<ExpectedTests> = {}): ExpectedTests {
  return {
    bootPath: 'boot',
    roots: Object.entries(paths).map(([path, definitions]) => ({ path, definitions, measurements: [] })),
    helpers: [],
    ...more,
  };
}

const OPTIONS: JudgeOptions = { infrastructureStatus: 'ERROR' };

export function judged(
  evidence: Partial<Evidence>,
  asked?: ExpectedTests,
  options: JudgeOptions = OPTIONS,
): Verdict {
  return judge({ ending: undefined, lava: undefined, console: undefined, ...evidence }, asked, options);
}

/** The statuses of boot and roots by path. */
export function statuses({ boot, roots }: Verdict): Record<string, Status> {
  return Object.fromEntries([boot, ...roots].map((root) => [root.path, root.status]));
}

/** The issues, each as `path: who`. */
export function blamed({ issues }: Verdict): string[] {
  return issues.map(({ testPath, culprit }) => {
    const who =
      culprit === undefined ? 'nobody' : culprit.code ? 'kernel' : culprit.tool ? 'tool' : 'harness';
    return `${testPath}: ${who}`;
  });
}
