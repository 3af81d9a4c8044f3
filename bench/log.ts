// How fast a job's log is read and triaged, and in how much memory: a log of 50,000 lines and one of 200 MB, made for
// the occasion and removed after. For comparison, in the same run, what PyYAML's C loader takes to read the small one. Prints a table, and the same as a line of JSON.
//
//     node bench/log.ts [--megabytes 200] [--rounds 5]
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { keepHeapSmall } from '../src/core/heap.ts';
import { htmlLog } from '../src/lava/log-html.ts';
import { consoleText } from '../src/lava/log-text.ts';
import { readLog } from '../src/lava/log.ts';
import { createTriage } from '../src/kernel-log/triage.ts';

interface Measured {
  /** Milliseconds of the work itself, without starting the process. */
  ms: number;
  /** The largest resident set of the process. */
  rssMb: number;
  lines: number;
}

/** What a child process does with the log. */
const TASKS: Record<string, (file: string) => Promise<number>> = {
  read: async (file) => {
    let lines = 0;
    for await (const batch of readLog(createReadStream(file, { highWaterMark: 64 * 1024 })))
      lines += batch.length;
    return lines;
  },
  triage: async (file) => {
    const triage = createTriage();
    let lines = 0;
    for await (const batch of readLog(createReadStream(file, { highWaterMark: 64 * 1024 }))) {
      for (const { level, text } of batch) {
        if (level === 'target' && text !== undefined) triage.line(text, lines);
        lines++;
      }
    }
    triage.end();
    return lines;
  },
  text: (file) => transform(file, consoleText()),
  html: (file) => transform(file, htmlLog({ title: 'bench', style: '' })),
};

async function transform(file: string, log: ReturnType<typeof consoleText>): Promise<number> {
  let lines = 0;
  for await (const batch of readLog(createReadStream(file, { highWaterMark: 64 * 1024 }))) {
    for (const line of batch) log.line(line);
    lines += batch.length;
  }
  log.end();
  return lines;
}

const PYTHON = `
import json, resource, sys, time, yaml
start = time.monotonic()
lines = len(yaml.load(open(sys.argv[1]), Loader=yaml.CSafeLoader))
ms = (time.monotonic() - start) * 1000
print(json.dumps({"ms": ms, "rssMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, "lines": lines}))
`;

/** A line as LAVA writes it; every so often one with escapes, a result, an error report. */
function* lines(): Generator<string> {
  const report = [
    '------------[ cut here ]------------',
    'WARNING: CPU: 1 PID: 71 at drivers/clk/clk.c:1085 clk_core_disable+0xa4/0xac',
    'Hardware name: Example Board (DT)',
    'Call trace:',
    ' clk_core_disable+0xa4/0xac',
    '---[ end trace 0000000000000000 ]---',
  ];
  for (let i = 0; ; i++) {
    const dt = `2026-08-21T15:${String(Math.floor(i / 60_000) % 60).padStart(2, '0')}:${String(Math.floor(i / 1000) % 60).padStart(2, '0')}.${String((i * 997) % 1_000_000).padStart(6, '0')}`;
    const stamp = `[${(i / 1000).toFixed(6).padStart(12)}]`;
    if (i % 997 === 996) {
      yield `- {"dt": "${dt}", "lvl": "results", "msg": {"case": "case-${i}", "definition": "0_bench", "duration": ! "1.25", "endtc": ! "${i}", "result": "pass"}}\n`;
    } else {
      const text =
        i % 5000 < report.length
          ? (report[i % 5000] ?? '')
          : `bench 1f0${i % 16}0000.device: probed ${i % 7 === 0 ? String.raw`\"quoted\", \e[0mcolour, caf\xE9` : 'and running'}, ${i} of many`;
      yield `- {"dt": "${dt}", "lvl": "target", "msg": "${stamp} ${text}"}\n`;
    }
  }
}

async function write(file: string, enough: (lines: number, bytes: number) => boolean): Promise<void> {
  await pipeline(function* pieces() {
    let count = 0;
    let bytes = 0;
    let piece = '';
    for (const line of lines()) {
      if (enough(count, bytes)) break;
      piece += line;
      bytes += line.length;
      count++;
      if (piece.length < 256 * 1024) continue;
      yield piece;
      piece = '';
    }
    yield piece;
  }, createWriteStream(file));
}

function measure(command: string, args: string[]): Measured | undefined {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? (JSON.parse(stdout) as Measured) : undefined;
}

function own(task: string, file: string): Measured {
  const measured = measure(process.execPath, [import.meta.filename, '--task', task, '--file', file]);
  if (measured === undefined) throw new Error(`${task} failed`);
  return measured;
}

function median(of: readonly Measured[]): Measured {
  const sorted = of.toSorted((a, b) => a.ms - b.ms);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing measured');
  return middle;
}

function row(name: string, bytes: number, { ms, rssMb, lines: count }: Measured, against?: Measured): string {
  const ratio = against === undefined ? '' : `${(against.ms / ms).toFixed(0)} times as fast`;
  const cells = [
    name.padEnd(30),
    `${count} lines`.padStart(14),
    `${ms.toFixed(0)} ms`.padStart(10),
    `${(bytes / 1e3 / ms).toFixed(1)} MB/s`.padStart(12),
    `${rssMb.toFixed(0)} MB RSS`.padStart(12),
    ratio,
  ];
  return cells.join('  ').trimEnd();
}

async function compare(megabytes: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-log-'));
  const small = join(folder, 'small.yaml');
  const large = join(folder, 'large.yaml');
  const print = (text: string): boolean => process.stdout.write(`${text}\n`);
  try {
    await write(small, (count) => count >= 50_000);
    await write(large, (_, bytes) => bytes >= megabytes * 1e6);
    const size = statSync(small).size;
    print(`${(size / 1e6).toFixed(1)} MB; the median of ${rounds} rounds, a new process each`);
    const runs: Record<string, Measured[]> = {};
    for (let round = 0; round < rounds; round++) {
      for (const task of Object.keys(TASKS)) (runs[task] ??= []).push(own(task, small));
      const python = measure('/usr/bin/python3', ['-c', PYTHON, small]);
      if (python !== undefined) (runs['python'] ??= []).push(python);
    }
    const python = runs['python'] === undefined ? undefined : median(runs['python']);
    if (python === undefined)
      print('(no /usr/bin/python3 with yaml and libyaml here: nothing to compare with)');
    else print(row('PyYAML CSafeLoader', size, python));
    for (const task of Object.keys(TASKS)) print(row(task, size, median(runs[task] ?? []), python));
    const bytes = statSync(large).size;
    print(`\n${(bytes / 1e6).toFixed(1)} MB; once`);
    const figures: Record<string, object> = {};
    for (const task of Object.keys(TASKS)) {
      const [usual, whole] = [median(runs[task] ?? []), own(task, large)];
      print(row(task, bytes, whole));
      figures[task] = {
        ms: Math.round(usual.ms),
        timesLibyaml: python === undefined ? undefined : Math.round(python.ms / usual.ms),
        largeMs: Math.round(whole.ms),
        largePeakMB: Math.round(whole.rssMb),
      };
    }
    print(
      JSON.stringify({ bench: 'log', megabytes, libyamlMs: python && Math.round(python.ms), ...figures }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    task: { type: 'string' },
    file: { type: 'string' },
  },
});
const task = TASKS[values.task ?? ''];
if (task === undefined || values.file === undefined) {
  await compare(Number(values.megabytes), Number(values.rounds));
} else {
  // As the commands that read a log do.
  keepHeapSmall();
  const start = performance.now();
  const count = await task(values.file);
  const ms = performance.now() - start;
  const rssMb = process.resourceUsage().maxRSS / 1000;
  process.stdout.write(JSON.stringify({ ms, rssMb, lines: count }));
}
