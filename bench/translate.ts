// How fast a finished job becomes a KCIDB document, and in how much memory: a payload with a log of 50,000 lines and
// 2,000 cases, compared with what PyYAML with libyaml takes to load that log alone: the first time in a process, when the engine has
// compiled all of it, and as the command itself, start included (needs a build); then a log of 200 MB from a file. Prints a table, and
// the same as a line of JSON.
//   node bench/translate.ts [--lines 50000] [--cases 2000] [--megabytes 200]
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { translate } from '../src/cli/translate.ts';
import { KcidbReport } from '../src/kcidb/schema.ts';

const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '50000' },
    cases: { type: 'string', default: '2000' },
    megabytes: { type: 'string', default: '200' },
  },
});

/** A time as LAVA writes it, naive and with microseconds. */
function stamp(i: number): string {
  return `${new Date(Date.UTC(2026, 10, 21, 12) + i * 20).toISOString().slice(0, -1)}${String(i % 1000).padStart(3, '0')}`;
}

/** A line of LAVA's log as 2023.01 writes it; every kind that real logs have, in about their shares. */
function logLine(i: number): string {
  const kernel = `[${(i / 50).toFixed(6).padStart(12)}]`;
  const kinds = [
    `"target", "msg": "${kernel} usb 1-1.${i % 9}: new high-speed USB device number ${i % 128} using xhci_hcd"`,
    `"target", "msg": "${kernel} pci 0000:00:0${i % 8}.0: [8086:7010] type 00 class 0x010180"`,
    `"target", "msg": "ok ${i} - a test of something that takes a whole line to say what it is about"`,
    `"debug", "msg": "Received signal: <TESTCASE> TEST_CASE_ID=case-${i} RESULT=pass"`,
    `"target", "msg": "+ lava-test-case case-${i} --result pass"`,
    `"target", "msg": "caf\\xE9 \\e[31mred\\e[0m \\\\\\"quoted\\\\\\" \\u2713 tab\\there"`,
    `"results", "msg": {"case": "case-${i}", "definition": "0_suite", "endtc": ! "${i}", "result": "pass", "starttc": ! "${i}"}`,
    `"input", "msg": "uname -a\\n"`,
  ];
  return `- {"dt": "${stamp(i)}", "lvl": ${kinds[i % kinds.length]}}\n`;
}

/** A whole job: it boots, runs its one suite, and panics at the end of it. */
function* jobLog(lines: number): Generator<string> {
  const target = (i: number, text: string): string =>
    `- {"dt": "${stamp(i)}", "lvl": "target", "msg": "${text}"}\n`;
  yield target(0, 'Starting kernel ...');
  yield target(1, '[    0.000000] Linux version 6.18.0 (gcc 14)');
  for (let i = 2; i < lines - 3; i++) {
    yield i === Math.floor(lines / 10) ? target(i, '<LAVA_SIGNAL_STARTRUN 0_suite 1_1.1>') : logLine(i);
  }
  yield target(lines - 3, '[99999.000000] Kernel panic - not syncing: the end of the benchmark');
  yield target(lines - 2, '[99999.100000] Call trace:');
  yield target(
    lines - 1,
    '[99999.200000] ---[ end Kernel panic - not syncing: the end of the benchmark ]---',
  );
}

function record(suite: string, name: string, id: number, fields: string): string {
  return `- id: '${id}'\n  job: '1'\n  level: ''\n  log_end_line: '${id + 1}'\n  log_start_line: '${id}'\n  logged: '2026-11-21 12:00:09.466031+00:00'\n${fields}  name: ${name}\n  suite: ${suite}\n  unit: ''\n  url: /results/testcase/${id}\n`;
}

function payload(lines: number, cases: number, withLog: boolean): string {
  const suite = Array.from({ length: cases }, (_, i) => {
    const result = i % 10 === 0 ? 'fail' : 'pass';
    return record(
      '0_suite',
      `case-${i}`,
      Math.floor(lines / 10) + 8 * i,
      `  measurement: '${i}.1000000000000000055511151231'\n  metadata:\n    case: case-${i}\n    definition: 0_suite\n    result: ${result}\n  result: ${result}\n`,
    );
  }).join('');
  const lava =
    record(
      'lava',
      'login-action',
      1,
      '  measurement: None\n  metadata:\n    case: login-action\n  result: pass\n',
    ) +
    record(
      'lava',
      'job',
      9_999_999,
      '  measurement: None\n  metadata:\n    case: job\n    error_msg: Connection closed\n    error_type: Infrastructure\n  result: fail\n',
    );
  return JSON.stringify({
    id: 1,
    state: 5,
    state_string: 'Finished',
    health: 2,
    health_string: 'Incomplete',
    start_time: '2026-11-21 12:00:00+00:00',
    actual_device_id: 'bench-01',
    definition: 'device_type: bench\nactions:\n- test:\n    definitions:\n    - name: suite\n',
    results: { lava, '0_suite': suite },
    ...(withLog ? { log: [...jobLog(lines)].join('') } : {}),
  });
}

/** Milliseconds on the clock, and of all processors; where others use the machine too, the latter says more. */
interface Took {
  wall: number;
  cpu: number;
}

/** One translation. */
async function run(callback: string): Promise<Took> {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const { verdict, report } = await translate({
    callback,
    format: 'kcidb',
    infrastructureStatus: 'ERROR',
  });
  const { user, system } = process.cpuUsage(cpu);
  const took = { wall: performance.now() - begin, cpu: (user + system) / 1000 };
  if (verdict.rule !== 'crashed-in-test' || !KcidbReport.safeParse(report).success)
    throw new Error('a wrong report');
  return took;
}

const LOAD = `
import json, sys, time, yaml
log = json.load(open(sys.argv[1]))["log"]
begin, cpu = time.monotonic(), time.process_time()
yaml.load(log, Loader=yaml.CSafeLoader)
print(time.monotonic() - begin, time.process_time() - cpu)
`;

/** A program that translates once, as the command does, and prints the milliseconds and the peak RSS in KiB. */
function alone(callback: string, log: string): string {
  const root = join(import.meta.dirname, '..');
  const options = { callback, log, format: 'kcidb', infrastructureStatus: 'ERROR' };
  return `
    import { keepHeapSmall } from '${root}/src/core/heap.ts';
    import { translate } from '${root}/src/cli/translate.ts';
    keepHeapSmall();
    const begin = performance.now();
    await translate(${JSON.stringify(options)});
    console.log(performance.now() - begin, process.resourceUsage().maxRSS);`;
}

/** What Python takes to load the log alone; undefined where it has no libyaml. */
function pyyaml(callback: string): Took | undefined {
  for (const python of ['/usr/bin/python3', 'python3']) {
    try {
      const printed = execFileSync(python, ['-c', LOAD, callback], { encoding: 'utf8' });
      const [wall = 0, cpu = 0] = printed.split(' ').map((seconds) => 1000 * Number(seconds));
      return { wall, cpu };
    } catch {
      // The next one may have the module.
    }
  }
  return undefined;
}

const RUNS = 12;
const COMMANDS = 5;

/** The median of some runs of the command (ms), from its start to its end; undefined: it is not built. */
function commandMs(callback: string): number | undefined {
  const root = join(import.meta.dirname, '..');
  if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) return undefined;
  const runs = Array.from({ length: COMMANDS }, () => {
    const begin = performance.now();
    const command = [join(root, 'bin', 'lava-bridge.js'), 'translate', '--callback', callback];
    execFileSync(process.execPath, command, { maxBuffer: 64 * MIB, stdio: ['ignore', 'pipe', 'ignore'] });
    return performance.now() - begin;
  });
  return runs.toSorted((a, b) => a - b)[Math.floor(COMMANDS / 2)];
}

const shown = ({ wall, cpu }: Took): string => `${wall.toFixed(0)} ms (CPU ${cpu.toFixed(0)} ms)`;

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-translate-'));
  try {
    const [lines, cases] = [Number(values.lines), Number(values.cases)];
    const callback = join(folder, 'callback.json');
    writeFileSync(callback, payload(lines, cases, true));
    const size = readFileSync(callback).length / MIB;
    const first = await run(callback);
    const runs = [first];
    // A daemon translates for weeks; the engine has compiled all of it after some ten.
    for (let i = 1; i < RUNS; i++) runs.push(await run(callback));
    const best = runs.toSorted((a, b) => a.wall - b.wall)[0] ?? first;
    const python = pyyaml(callback);
    const command = commandMs(callback);
    console.log(`payload: ${lines} lines, ${cases} cases, ${size.toFixed(1)} MiB`);
    console.log(`  translate, the first time: ${shown(first)}`);
    console.log(
      `  translate, the best of ${runs.length}: ${shown(best)}, ${((1000 * size) / best.wall).toFixed(0)} MiB/s`,
    );
    if (command !== undefined) console.log(`  translate, the command: ${command.toFixed(0)} ms`);
    if (python === undefined) console.log('  PyYAML: no Python with libyaml here');
    else {
      const times = (t: Took): string =>
        `${(python.wall / t.wall).toFixed(1)} (CPU ${(python.cpu / t.cpu).toFixed(1)})`;
      console.log(`  PyYAML with libyaml, the log alone: ${shown(python)}`);
      const ofCommand =
        command === undefined ? '' : `, ${(python.wall / command).toFixed(1)} times the command`;
      console.log(`  that is ${times(first)} times the first, ${times(best)} times the best${ofCommand}`);
    }

    const small = join(folder, 'small.json');
    writeFileSync(small, payload(lines, cases, false));
    const log = join(folder, 'log.yaml');
    const written = await writeLog(log, Number(values.megabytes) * MIB);
    const child = execFileSync(process.execPath, ['--input-type=module', '-e', alone(small, log)], {
      encoding: 'utf8',
    });
    const [took = 0, rss = 0] = child.split(' ').map(Number);
    console.log(
      `log of ${(written / MIB).toFixed(0)} MiB from a file: ${(took / 1000).toFixed(1)} s (${((1000 * written) / MIB / took).toFixed(0)} MiB/s), peak RSS ${(rss / 1024).toFixed(0)} MiB`,
    );
    const ratio = (ms: number | undefined): number | undefined =>
      python === undefined || ms === undefined ? undefined : Number((python.wall / ms).toFixed(1));
    const figures = {
      bench: 'translate',
      lines,
      cases,
      warmMs: Math.round(best.wall),
      firstMs: Math.round(first.wall),
      commandMs: command === undefined ? undefined : Math.round(command),
      libyamlMs: python === undefined ? undefined : Math.round(python.wall),
      timesLibyaml: { warm: ratio(best.wall), first: ratio(first.wall), command: ratio(command) },
      large: { mib: Math.round(written / MIB), ms: Math.round(took), peakMiB: Math.round(rss / 1024) },
    };
    console.log(JSON.stringify(figures));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function writeLog(file: string, bytes: number): Promise<number> {
  const lines = Math.ceil(bytes / 115);
  const out = createWriteStream(file);
  let written = 0;
  for (const line of jobLog(lines)) {
    written += line.length;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
  return written;
}

await measure();
