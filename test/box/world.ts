// What the daemon in the box talks to, on the host's loopback: Maestro and KCIDB simulated, and a lab that is simulated or real.
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { createLavaClient } from '../../src/lava/client.ts';
import { sleep } from '../../src/core/time.ts';
import { freePort } from '../../src/sim/free-port.ts';
import { startKcidbSimulator } from '../../src/sim/kcidb/server.ts';
import { startLavaSimulator } from '../../src/sim/lava/simulator.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { labOfEnvironment } from '../e2e/lab.ts';
import { askedInBox, inBox, push } from './machine.ts';

/** As in the docs. */
const RUNTIME = 'lava-mylab';
const CONFIG = '/etc/lava-bridge/lava-bridge.yaml';
const BOARD = join(import.meta.dirname, '..', 'e2e', 'device-types', 'qemu-x86_64.yaml');
/** Of one job: a real board boots for a minute, or for several on a busy machine. */
const JOB_LIMIT = 15 * 60_000;

interface Lab {
  url: string;
  user: string;
  eventsUrl: string;
  token: string;
  callback: { name: string; token: string };
  /** Where a kernel and its ramdisk are. */
  files: string;
  stop: () => Promise<void>;
}

export interface World {
  ports: { callbacks: number; api: number; pages: number };
  /** Where a kernel (`bzImage`) and its ramdisk (`initramfs.cpio.gz`) are. */
  files: string;
  /** LAVA's callbacks come to it with this header. */
  callback: { url: string; token: string };
  /** Runs `lava-bridge init` with these options on a terminal, as an admin does, and does what it says is left to do. */
  init: (options: string) => Promise<void>;
  /** Has Maestro ask for a test, and gives the node. */
  publish: () => string;
  /** Waits until Maestro has the ends of all these nodes; throws if not all passed, or LAVA had more than one job for one. */
  allPass: (nodes: readonly string[]) => Promise<string>;
  stop: () => Promise<void>;
}

/** `real`: the lab that the environment names. */
export async function startWorld(real: boolean): Promise<World> {
  const maestro = await startMaestroSimulator({ runtimes: [RUNTIME] });
  const kcidb = await startKcidbSimulator();
  const lab = real ? realLab() : await simulatedLab(maestro);
  const ports = { callbacks: await freePort(), api: await freePort(), pages: await freePort() };
  const address = `http://127.0.0.1:${ports.callbacks}`;
  const client = createLavaClient({ ...lab, timeoutMs: 20_000 });
  let published = 0;

  async function init(options: string): Promise<void> {
    const urls = [
      ...(options.includes('--no-maestro') ? [] : [`--maestro-url ${maestro.url}`]),
      ...(options.includes('--no-kcidb') ? [] : [`--kcidb-url ${kcidb.url}`]),
    ];
    await askedInBox(`lava-bridge init ${options} --callback-name ${lab.callback.name} ${urls.join(' ')}`, [
      [/runtime name in Maestro: $/, RUNTIME],
      [/origin in KCIDB \[mylab\]: $/, ''],
      [/LAVA's address: $/, lab.url],
      [/user in LAVA: $/, lab.user],
      [/API token of that user.*: $/, lab.token],
      [/reaches this bridge.*: $/, address],
      ...(options.includes('--no-maestro') ? [] : ([[/token of Maestro.*: $/, maestro.token]] as const)),
      ...(options.includes('--no-kcidb') ? [] : ([[/token of KCIDB.*: $/, kcidb.token]] as const)),
    ]);
    // A board with what is special in the real lab, as its admin would have it.
    if (real) await push(BOARD, '/etc/lava-bridge/device-types/');
    // The first of the next steps: LAVA's callback token. The rest is for a test that shares its machine.
    await inBox(`printf %s '${lab.callback.token}' > /etc/lava-bridge/secrets/callback-token`);
    await changeConfiguration((config) => {
      const { maestro: source, labs: [first = {}] = [], http } = config;
      if (source) source['poll_interval'] = '1s';
      Object.assign(first['lava'] ?? {}, { events: lab.eventsUrl });
      first['limits'] = { max_queued_per_device: 50 };
      Object.assign(http ?? {}, {
        api_listen: `127.0.0.1:${ports.api}`,
        pages_listen: `127.0.0.1:${ports.pages}`,
        hosts: ['bridge.example'],
      });
      config.fetch = { networks: ['public', 'loopback'] };
    });
  }

  return {
    ports,
    files: lab.files,
    callback: { url: `${address}/callback/${RUNTIME}/0123`, token: lab.callback.token },
    init,
    publish() {
      const name = `box-${++published}`;
      const artifacts = { kernel: `${lab.files}/bzImage`, ramdisk: `${lab.files}/initramfs.cpio.gz` };
      const build = maestro.addBuild({ arch: 'x86_64', artifacts });
      const job = { build: build.id, name, runtime: RUNTIME, platform: 'qemu-x86_64' };
      const tests = [{ id: 'boot', type: 'boot', depends: [], timeout_s: 300 }];
      const environment = { platform: 'qemu-x86_64', arch: 'x86_64' };
      return maestro.addPullLabsJob(job, { artifacts, tests, environment }).id;
    },
    async allPass(nodes) {
      const results = await resultsOf(maestro, nodes);
      const jobs = await Promise.all(nodes.map(async (id) => (await client.findByMark(id)).ids.length));
      if (results.some((result) => result !== 'pass') || jobs.some((count) => count !== 1))
        throw new Error(`results: ${results.join()}; jobs in LAVA: ${jobs.join()}`);
      return `${nodes.length} passed, each with one job in LAVA`;
    },
    async stop() {
      await Promise.all([maestro.stop(), kcidb.stop(), lab.stop()]);
    },
  };
}

async function simulatedLab(maestro: MaestroSimulator): Promise<Lab> {
  const pace = { scheduleMs: 200, startMs: 300, runMs: 3000, cancelMs: 1000 };
  const lab = await startLavaSimulator({ pace, callbackTimeoutMs: 30_000 });
  return { ...lab, files: `${maestro.url}/files/scenario/pass/box` };
}

function realLab(): Lab {
  const lab = labOfEnvironment();
  return { ...lab, files: `${lab.files}/amd64`, stop: async () => undefined };
}

async function resultsOf(maestro: MaestroSimulator, nodes: readonly string[]): Promise<string[]> {
  const end = Date.now() + JOB_LIMIT;
  for (;;) {
    const found = nodes.map((id) => maestro.database.nodes.get(id));
    if (found.every((node) => node?.['state'] === 'done'))
      return found.map((node) => String(node?.['result']));
    if (Date.now() > end)
      throw new Error(`not all ended: ${JSON.stringify(found.map((node) => node?.['state']))}`);
    await sleep(200);
  }
}

/** The parts of a configuration that the test changes. */
interface Configuration {
  maestro?: Record<string, unknown>;
  labs?: Record<string, Record<string, unknown>>[];
  http?: Record<string, unknown>;
  report?: Record<string, unknown>;
  store?: Record<string, unknown>;
  fetch?: Record<string, unknown>;
}

/** Changes the configuration in the box, and writes it there, or to another file. */
export async function changeConfiguration(
  change: (config: Configuration) => void,
  file = CONFIG,
): Promise<void> {
  const config = parse(await inBox(`cat ${CONFIG}`)) as Configuration;
  change(config);
  await writeInBox(file, stringify(config));
}

/** Writes a file that everybody may read. */
export async function writeInBox(file: string, text: string): Promise<void> {
  await inBox(`cat > ${file} <<'END-OF-FILE'\n${text}\nEND-OF-FILE\nchmod 644 ${file}`);
}
