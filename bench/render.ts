// How fast definitions are made, on one core. Cold: from nothing to the first definition, templates compiled. Warm: requests as JSON
// text → checked definitions, as `render --batch` does, over all boot methods and the common tests; with 2,000 more device types as well,
// and how long those take to be read. Also the same through the command itself (needs a build), and with KernelCI's own configuration
// (DIR: its `config` folder, which may not be committed here) every job that it starts in a lab that came over, imported and rendered by the
// command: the median of five. Prints a table, and the same as a line of JSON.
//
//   node bench/render.ts [JOBS] [DIR]      (10000)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { shippedFolder } from '../src/core/shipped.ts';
import { loadBoards } from '../src/catalog/boards.ts';
import { importKernelci } from '../src/import/kernelci.ts';
import { JobRequest } from '../src/maestro/request.ts';
import { loadPlans } from '../src/catalog/plans.ts';
import { createRenderer, type RenderInput } from '../src/templates/renderer.ts';

const TYPES = 2000;
const COUNT = Number(process.argv[2] ?? 10_000);
const CONFIG = process.argv[3];
const ROUNDS = 5;
const JOBS: [name: string, platform: string, kernel: string][] = [
  ['baseline-arm64', 'qemu-arm64', 'Image'],
  ['baseline-nfs-arm64', 'bcm2711-rpi-4-b', 'Image.gz'],
  ['kselftest-mm-2g', 'bcm2711-rpi-4-b', 'Image'],
  ['ltp-syscalls', 'bcm2711-rpi-4-b', 'Image'],
  ['rt-tests-cyclictest', 'qemu-arm64', 'Image'],
  ['baseline-arm', 'imx6dl-riotboard', 'zImage'],
  ['baseline-arm64', 'dragonboard-410c', 'Image.gz'],
  ['fluster-debian-h264', 'mt8183-kukui-jacuzzi-juniper-sku16', 'Image'],
  ['baseline-x86', 'x86-siemens-mcom', 'bzImage'],
  ['baseline-arm64', 'qcs6490-rb3gen2', 'Image'],
];
const BUILD = 'https://files.kernelci.org/kbuild-gcc-14-68f0c0ffee00000000000002';

function requestText(i: number): { text: string; platform: string } {
  const [name, platform, kernel] = JOBS[i % JOBS.length] ?? ['', '', ''];
  const id = i.toString(16).padStart(24, '0');
  const kernel_revision = {
    tree: 'mainline',
    url: 'https://git.kernel.org/',
    branch: 'master',
    commit: 'c'.repeat(40),
    describe: 'v6.18',
  };
  const data = { runtime: 'lava-mylab', platform, kernel_type: kernel.toLowerCase(), kernel_revision };
  const artifacts = {
    kernel: `${BUILD}/${kernel}`,
    modules: `${BUILD}/modules.tar.xz`,
    kselftest_tar_xz: `${BUILD}/kselftest.tar.xz`,
  };
  const node = { id, kind: 'job', name, path: ['checkout', 'kbuild', name], state: 'running', data };
  const kbuild = {
    id: 'f'.repeat(24),
    kind: 'kbuild',
    name: 'kbuild',
    path: ['checkout'],
    state: 'available',
    artifacts,
  };
  return { text: JSON.stringify({ node, kbuild }), platform };
}

type Catalog = Pick<RenderInput, 'plans'> & {
  boards: Awaited<ReturnType<typeof loadBoards>>;
  renderer: Awaited<ReturnType<typeof createRenderer>>;
};

async function load(own?: string): Promise<Catalog> {
  const [boards, plans, renderer] = await Promise.all([
    loadBoards({ shipped: shippedFolder('device-types'), own }),
    loadPlans({ shipped: shippedFolder('plans') }),
    createRenderer({ shipped: shippedFolder('job-templates') }),
  ]);
  return { boards, plans, renderer };
}

function renderText(
  { text, platform }: { text: string; platform: string },
  { boards, plans, renderer }: Catalog,
): number {
  const request = JobRequest.parse(JSON.parse(text));
  const board = boards.get(platform, 'lava-mylab');
  const input: RenderInput = {
    request,
    board,
    plans,
    instance: 'bench',
    dtbs: Object.fromEntries(board.dtb.map((path) => [path, `${BUILD}/${path}`])),
    lab: {
      name: 'lava-mylab',
      priority: { min: 0, max: 100 },
      callback: {
        url: `https://bridge.example/callback/lava-mylab/${request.node.id}`,
        tokenName: 't',
        header: 'Authorization',
      },
      queueTimeoutMs: 172_800_000,
    },
  };
  return renderer.render(input).definition.length;
}

/** Definitions a second, and a second of processor time; KiB of one. */
function warm(catalog: Catalog): { perSecond: number; perProcessorSecond: number; kib: number } {
  for (const text of texts.slice(0, 1000)) renderText(text, catalog);
  const from = performance.now();
  const cpuFrom = process.cpuUsage();
  let bytes = 0;
  for (const text of texts) bytes += renderText(text, catalog);
  const ms = performance.now() - from;
  const { user, system } = process.cpuUsage(cpuFrom);
  return {
    perSecond: Math.round((COUNT / ms) * 1000),
    perProcessorSecond: Math.round((COUNT / (user + system)) * 1e6),
    kib: bytes / COUNT / 1024,
  };
}

/** The catalogue with very many device types of one's own, and how long it takes to be read (ms). */
async function readMany(): Promise<{ ms: number; catalog: Catalog }> {
  const own = await mkdtemp(join(tmpdir(), 'bench-types-'));
  try {
    const text = await readFile(join(shippedFolder('device-types'), 'qemu-x86_64.yaml'), 'utf8');
    for (let i = 0; i < TYPES; i++)
      await writeFile(join(own, `type-${i}.yaml`), text.replace('name: qemu-x86_64', `name: type-${i}`));
    const begin = performance.now();
    const catalog = await load(own);
    return { ms: performance.now() - begin, catalog };
  } finally {
    await rm(own, { recursive: true });
  }
}

/** What the command makes of so many lines: how many came out, how many of them definitions, and in which time (s). */
interface Batch {
  lines: number;
  definitions: number;
  seconds: number;
}

const root = join(import.meta.dirname, '..');

async function batch(lines: readonly string[], ...args: string[]): Promise<Batch> {
  const from = performance.now();
  const child = spawn(
    process.execPath,
    [join(root, 'bin', 'lava-bridge.js'), 'render', '--batch', '-', ...args],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(`${lines.join('\n')}\n`);
  await once(child, 'close');
  const seconds = (performance.now() - from) / 1000;
  const out = Buffer.concat(chunks).toString().trimEnd().split('\n');
  const definitions = out.filter((line) => /^\{"id":"?[^"]*"?,"definition"/.test(line)).length;
  return { lines: out.length, definitions, seconds };
}

/** KernelCI's own jobs, by its configuration imported: the median of some runs. */
async function kernelci(dir: string): Promise<Batch> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-import-'));
  const own = join(folder, 'out');
  const given = { instance: 'prod', api: undefined, storage: undefined, callbackBase: undefined };
  const { samples } = await importKernelci({ dir, out: own, force: false, ...given });
  // Every build has every device tree that a board asks for, as KernelCI's have; nothing is fetched from outside.
  const boards = await loadBoards({ shipped: shippedFolder('device-types'), own: join(own, 'device-types') });
  const files = createServer((_request, response) => {
    const trees = boards.names().flatMap((name) => boards.find(name)?.dtb ?? []);
    const artifacts = Object.fromEntries(trees.map((tree) => [tree, `http://127.0.0.1/${tree}`]));
    response.end(JSON.stringify({ artifacts }));
  }).listen(0, '127.0.0.1');
  await once(files, 'listening');
  try {
    const address = files.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const lines = samples.map(({ id, node, kbuild }) => {
      const metadata = `http://127.0.0.1:${port}/${String(kbuild['id'])}/metadata.json`;
      const artifacts = { ...z.record(z.string(), z.string()).parse(kbuild['artifacts']), metadata };
      return JSON.stringify({ id, node, kbuild: { ...kbuild, artifacts } });
    });
    const runs: Batch[] = [];
    for (let i = 0; i < ROUNDS; i++) runs.push(await batch(lines, '--config', join(own, 'lava-bridge.yaml')));
    const middle = runs.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(ROUNDS / 2)];
    if (middle === undefined) throw new Error('nothing measured');
    return middle;
  } finally {
    files.closeAllConnections();
    files.close();
    await rm(folder, { recursive: true });
  }
}

function mib(size: number): number {
  return Math.round(size / 1024 / 1024);
}

function print(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(56)} ${value}\n`);
}

function perSecond({ lines, seconds }: Batch): number {
  return Math.round(lines / seconds);
}

const started = performance.now();
const catalog = await load();
renderText(requestText(0), catalog);
const coldMs = Math.round(performance.now() - started);
const texts = Array.from({ length: COUNT }, (_, i) => requestText(i));
const before = process.memoryUsage().rss;
const made = warm(catalog);
const many = await readMany();
const madeWithMany = warm(many.catalog);
print('cold: read and compile all, first definition', `${coldMs} ms`);
print(
  `warm: ${COUNT} definitions (${made.kib.toFixed(1)} KiB each)`,
  `${made.perSecond}/s; per second of processor time ${made.perProcessorSecond}`,
);
print(`${TYPES} device types more read and checked`, `${many.ms.toFixed(0)} ms`);
print('warm, with them', `${madeWithMany.perSecond}/s`);
print('memory (RSS) before, after', `${mib(before)}, ${mib(process.memoryUsage().rss)} MiB`);

let own: Batch | undefined;
let imported: Batch | undefined;
if (existsSync(join(root, 'dist', 'cli', 'main.js'))) {
  own = await batch(
    texts
      .filter(({ platform }) => catalog.boards.find(platform)?.dtb.length === 0)
      .map(({ text }, id) => JSON.stringify({ id, ...(JSON.parse(text) as object) })),
  );
  print(
    `render --batch: ${own.lines} lines, start included`,
    `${own.seconds.toFixed(2)} s, ${perSecond(own)}/s`,
  );
  if (CONFIG !== undefined) {
    imported = await kernelci(CONFIG);
    print(
      `render --batch: KernelCI's ${imported.lines} jobs, ${imported.definitions} made`,
      `${imported.seconds.toFixed(2)} s, ${perSecond(imported)}/s`,
    );
  }
}
process.stdout.write(
  `${JSON.stringify({
    bench: 'render',
    coldMs,
    perSecond: made.perSecond,
    perProcessorSecond: made.perProcessorSecond,
    types: TYPES,
    typesReadMs: Math.round(many.ms),
    perSecondWithTypes: madeWithMany.perSecond,
    batch: own,
    kernelci: imported,
  })}\n`,
);
