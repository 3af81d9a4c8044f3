// The project's own set of kernel ends (test/fixtures/kernel-ends*): each report by architecture and kind, and whether verdicts
// get it right, in a test and at boot.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
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

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

const Kind = z.enum(['crash', 'hang', 'survived', 'loader']);
export type Kind = z.infer<typeof Kind>;
const KINDS = Kind.options;

interface KernelEndSample {
  arch: string;
  kind: Kind;
  title: string;
  /** As on the console, with time stamps; a boot loader's have none. */
  lines: string[];
}

const Reports = z.record(z.string(), z.array(z.string()));
export const ENDS = z
  .strictObject({ stalls: Reports, deaths: Reports, survived: Reports, firmware: Reports })
  .parse(JSON.parse(readFileSync(join(FIXTURES, 'kernel-ends.json'), 'utf8')));

function stamped(lines: readonly string[]): string[] {
  return lines.map((line, i) => `[  ${(120.5 + i / 10_000).toFixed(6)}] ${line}`);
}

/** All samples: whole reports, and first lines in front of what follows on most architectures. */
function readSamples(): KernelEndSample[] {
  return [
    ...fromJson(ENDS.deaths, 'crash'),
    ...fromJson(ENDS.stalls, 'hang'),
    ...fromJson(ENDS.survived, 'survived'),
    ...fromJson(ENDS.firmware, 'loader'),
    ...readdirSync(join(FIXTURES, 'kernel-ends'))
      .filter((file) => file.endsWith('.txt'))
      .flatMap((file) => (file === 'heads.txt' ? readHeads(readText(file)) : readReports(file))),
  ];
}

function readText(file: string): string {
  return readFileSync(join(FIXTURES, 'kernel-ends', file), 'utf8');
}

function fromJson(reports: z.infer<typeof Reports>, kind: Kind): KernelEndSample[] {
  return Object.entries(reports).map(([name, lines]) => {
    const [arch = '', title = ''] = name.split(': ');
    return { arch, kind, title, lines: kind === 'loader' ? lines : stamped(lines) };
  });
}

const FOLLOWING = ['CPU: 0 PID: 99 Comm: sh Not tainted 6.6.0 #1', 'Call Trace:', ' foo_probe+0x10/0x20'];

function readHeads(text: string): KernelEndSample[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [, arch = '', kind, head = ''] = /^(\w+) (\w+): (.*)$/.exec(line) ?? [];
      return { arch, kind: Kind.parse(kind), title: head, lines: stamped([head, ...FOLLOWING]) };
    });
}

function readReports(file: string): KernelEndSample[] {
  return readText(file)
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [head = '', ...lines] = part.trimEnd().split('\n');
      const [, kernel = '', kind, title = ''] = /^(\S+) (\w+): (.*)$/.exec(head) ?? [];
      const arch = file === 'others.txt' ? kernel.replace(/-.*/, '') : file.replace('.txt', '');
      return { arch, kind: Kind.parse(kind), title: `${title} (${kernel})`, lines };
    });
}

const TIMED_OUT = jobError('LAVATimeout', 'lava-test-shell timed out after 600 seconds');
const CLOSED = jobError('Infrastructure', 'Connection closed');
const NO_LOGIN = jobError('Job', 'login-action timed out after 120 seconds');
const NO_LOADER = jobError('Infrastructure', 'bootloader-interrupt timed out after 30 seconds');

/** Whether the verdict is as the kind of report asks for, wherever it may stand. */
function isRight({ kind, lines }: KernelEndSample): boolean {
  if (kind === 'loader') return blame(inBoot(lines, ['U-Boot 2026.01'], NO_LOADER)) === 'ERROR boot: harness';
  if (kind === 'survived')
    return /^ERROR (?=.*smoke: harness).*smoke: kernel/.test(blame(inTest(lines, CLOSED)));
  return (
    blame(inTest(lines, TIMED_OUT)) === 'FAIL smoke: kernel' &&
    blame(inTest(lines, CLOSED)) === 'FAIL smoke: kernel' &&
    blame(inBoot(lines, BOOT, NO_LOGIN)) === 'FAIL boot: kernel'
  );
}

type Outcome = { path: 'boot' | 'smoke'; verdict: ReturnType<typeof judged> };

function blame({ path, verdict }: Outcome): string {
  return `${statuses(verdict)[path] ?? ''} ${[...new Set(blamed(verdict))].join(', ')}`;
}

function inTest(lines: readonly string[], error: typeof CLOSED): Outcome {
  const cases = [login(), lavaCase('0_smoke', 'a'), stage('0_smoke', 'fail'), error];
  const verdict = judged({
    lava: lavaJob('Incomplete', cases, { definition: definition(['smoke']) }),
    console: consoleOf([...BOOT, ...SHELL, started('0_smoke'), ...lines]),
  });
  return { path: 'smoke', verdict };
}

function inBoot(lines: readonly string[], boot: readonly string[], error: typeof CLOSED): Outcome {
  const verdict = judged({
    lava: lavaJob('Incomplete', [login('fail'), error], { definition: definition(['smoke']) }),
    console: consoleOf([...boot, ...lines]),
  });
  return { path: 'boot', verdict };
}

export type Judgement = KernelEndSample & { right: boolean };

export function judgeSamples(): Judgement[] {
  return readSamples().map((sample) => ({ ...sample, right: isRight(sample) }));
}

function cell(part: readonly Judgement[]): string {
  return part.length === 0 ? '' : `${part.filter(({ right }) => right).length}/${part.length}`;
}

function row(name: string, part: readonly Judgement[]): string {
  const cells = [...KINDS.map((kind) => cell(part.filter((s) => s.kind === kind))), cell(part)];
  return `| ${name} | ${cells.join(' | ')} |`;
}

/** The page docs/kernel-ends.md. */
export function describeSamples(samples: readonly Judgement[]): string {
  const architectures = [...new Set(samples.map(({ arch }) => arch))].toSorted();
  const missed = samples.filter(({ right }) => !right);
  return [
    '# Kernel ends',
    '',
    'How many of the project’s own reports of kernels are judged right, of how many. `test/verdict/kernel-ends-table.test.ts` writes this page',
    'from `test/fixtures/kernel-ends*` and fails where it is not true. The reports follow the format strings of Linux 4.4 to 6.18; none is',
    'copied from a log.',
    '',
    'Right means: a **crash** (panics, oopses, faults) and a **hang** (stalls, lock-ups, hung tasks) are FAIL with an issue of the kernel alone: in a test',
    'that timed out, in one that lost its connection, and at boot. A report that the kernel **survived** does not end a test, and is reported in addition. A crash of a boot',
    '**loader** or firmware is the lab’s. `any`: the same words on all architectures.',
    '',
    `| architecture | ${KINDS.join(' | ')} | all |`,
    `| --- |${' ---: |'.repeat(KINDS.length + 1)}`,
    ...architectures.map((arch) =>
      row(
        arch,
        samples.filter((s) => s.arch === arch),
      ),
    ),
    row('**all**', samples),
    '',
    ...(missed.length === 0 ? ['None is missed.'] : ['Missed, as the only line that says so:', '']),
    ...missed.map(({ arch, kind, title }) => `- ${arch}, ${kind}: \`${title}\``),
    '',
  ].join('\n');
}
