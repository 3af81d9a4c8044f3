// How fast definitions are made, on one core: `node bench/render.ts [jobs]`. Cold: from nothing to the first definition,
// templates compiled. Warm: requests as JSON text → checked definitions, as `render --batch` does, over all boot methods
// and the common tests. Also the same through the command itself (needs `npm run build`), and how long 2,000 device types take to be read.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shippedFolder } from '../src/core/shipped.ts';
import { loadBoards } from '../src/catalog/boards.ts';
import { JobRequest } from '../src/maestro/request.ts';
import { loadPlans } from '../src/catalog/plans.ts';
import { createRenderer, type RenderInput } from '../src/templates/renderer.ts';

const TYPES = 2000;
const COUNT = Number(process.argv[2] ?? 10_000);
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

const started = performance.now();
const [boards, plans, renderer] = await Promise.all([
  loadBoards({ shipped: shippedFolder('device-types') }),
  loadPlans({ shipped: shippedFolder('plans') }),
  createRenderer({ shipped: shippedFolder('job-templates') }),
]);

function renderText({ text, platform }: { text: string; platform: string }): number {
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

renderText(requestText(0));
const cold = performance.now() - started;
const texts = Array.from({ length: COUNT }, (_, i) => requestText(i));
for (const text of texts.slice(0, 1000)) renderText(text);
const before = process.memoryUsage().rss;
const warmFrom = performance.now();
const cpuFrom = process.cpuUsage();
let bytes = 0;
for (const text of texts) bytes += renderText(text);
const warm = performance.now() - warmFrom;
const { user, system } = process.cpuUsage(cpuFrom);

print('cold: read and compile all, first definition', `${cold.toFixed(0)} ms`);
print(
  `warm: ${COUNT} definitions (${(bytes / COUNT / 1024).toFixed(1)} KiB each)`,
  `${((COUNT / warm) * 1000).toFixed(0)}/s; per second of processor time ${((COUNT / (user + system)) * 1e6).toFixed(0)}`,
);
print(`${TYPES} device types read and checked`, `${(await readMany()).toFixed(0)} ms`);
print('memory (RSS) before, after', `${mib(before)}, ${mib(process.memoryUsage().rss)} MiB`);

const bin = join(import.meta.dirname, '..', 'bin', 'lava-bridge.js');
if (existsSync(join(import.meta.dirname, '..', 'dist', 'cli', 'main.js'))) {
  const batch = texts
    .map(({ text }, id) => JSON.stringify({ id, ...(JSON.parse(text) as object) }))
    .filter((_, i) => boards.find(texts[i]?.platform ?? '')?.dtb.length === 0);
  const from = performance.now();
  const child = spawn(process.execPath, [bin, 'render', '--batch', '-'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let lines = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) lines++;
  });
  child.stdin.end(`${batch.join('\n')}\n`);
  await once(child, 'close');
  const seconds = (performance.now() - from) / 1000;
  print(
    `render --batch: ${lines} lines, start included`,
    `${seconds.toFixed(2)} s, ${(lines / seconds).toFixed(0)}/s`,
  );
}

/** How long a folder of very many device types of one's own takes to be read (ms). */
async function readMany(): Promise<number> {
  const own = await mkdtemp(join(tmpdir(), 'bench-types-'));
  try {
    const text = await readFile(join(shippedFolder('device-types'), 'qemu-x86_64.yaml'), 'utf8');
    for (let i = 0; i < TYPES; i++)
      await writeFile(join(own, `type-${i}.yaml`), text.replace('name: qemu-x86_64', `name: type-${i}`));
    const begin = performance.now();
    await loadBoards({ shipped: shippedFolder('device-types'), own });
    return performance.now() - begin;
  } finally {
    await rm(own, { recursive: true });
  }
}

function mib(size: number): string {
  return (size / 1024 / 1024).toFixed(0);
}

function print(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(56)} ${value}\n`);
}
