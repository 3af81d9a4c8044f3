// What the daemon in the box talks to, on the host's loopback: Maestro and KCIDB simulated, and a lab that is simulated or real.
import { stringify } from 'yaml';
import { sleep } from '../../src/core/time.ts';
import { freePort } from '../../src/sim/free-port.ts';
import { startKcidbSimulator, type KcidbSimulator } from '../../src/sim/kcidb/server.ts';
import { startLavaSimulator } from '../../src/sim/lava/simulator.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { labOfEnvironment } from '../e2e/lab.ts';
import { inBox } from './machine.ts';

const RUNTIME = 'lava-box';
/** Of one job: a real board boots for a minute, or for several on a busy machine. */
const JOB_LIMIT = 15 * 60_000;

interface Lab {
  lava: Record<string, unknown>;
  secrets: { lava: string; callback: string };
  tokenName: string;
  /** Where a kernel and its ramdisk are. */
  files: string;
  stop: () => Promise<void>;
}

export interface World {
  maestro: MaestroSimulator;
  kcidb: KcidbSimulator;
  ports: { callbacks: number; api: number; pages: number };
  secrets: Record<string, string>;
  /** The configuration; `sqlite` is the state's file. */
  configuration: (changes?: Record<string, unknown>) => string;
  publish: () => string;
  /** Waits until Maestro has the ends of all these nodes, and gives their results. */
  results: (nodes: readonly string[]) => Promise<string[]>;
  stop: () => Promise<void>;
}

/** `real`: the lab that the environment names. */
export async function startWorld(real: boolean): Promise<World> {
  const maestro = await startMaestroSimulator({ runtimes: [RUNTIME] });
  const kcidb = await startKcidbSimulator();
  const lab = real ? realLab() : await simulatedLab(maestro);
  const ports = { callbacks: await freePort(), api: await freePort(), pages: await freePort() };
  const at = (port: number): string => `127.0.0.1:${port}`;
  const secrets = {
    'maestro-token': maestro.token,
    'lava-token': lab.secrets.lava,
    'callback-token': lab.secrets.callback,
    'kcidb-token': kcidb.token,
    'http-token': 'box-token',
  };
  let published = 0;
  return {
    maestro,
    kcidb,
    ports,
    secrets,
    configuration: (changes = {}) =>
      stringify({
        instance: 'box',
        maestro: { url: maestro.url, token: { credential: 'maestro-token' }, poll_interval: '1s' },
        labs: [
          {
            name: RUNTIME,
            origin: 'box',
            lava: { ...lab.lava, token: { credential: 'lava-token' } },
            callback: { token_name: lab.tokenName, token: { credential: 'callback-token' } },
            limits: { max_queued_per_device: 50 },
          },
        ],
        kcidb: { url: kcidb.url, token: { credential: 'kcidb-token' } },
        http: {
          listen: at(ports.callbacks),
          api_listen: at(ports.api),
          pages_listen: at(ports.pages),
          public_url: `http://${at(ports.callbacks)}`,
          token: { credential: 'http-token' },
        },
        fetch: { networks: ['public', 'loopback'] },
        ...changes,
      }),
    publish() {
      const name = `box-${++published}`;
      const artifacts = { kernel: `${lab.files}/bzImage`, ramdisk: `${lab.files}/initramfs.cpio.gz` };
      const build = maestro.addBuild({ arch: 'x86_64', artifacts });
      const job = { build: build.id, name, runtime: RUNTIME, platform: 'qemu-x86_64' };
      const tests = [{ id: 'boot', type: 'boot', depends: [], timeout_s: 300 }];
      return maestro.addPullLabsJob(job, {
        artifacts,
        tests,
        environment: { platform: 'qemu-x86_64', arch: 'x86_64' },
      }).id;
    },
    results: (nodes) => resultsOf(maestro, nodes),
    async stop() {
      await Promise.all([maestro.stop(), kcidb.stop(), lab.stop()]);
    },
  };
}

async function simulatedLab(maestro: MaestroSimulator): Promise<Lab> {
  const pace = { scheduleMs: 200, startMs: 300, runMs: 3000, cancelMs: 1000 };
  const { url, eventsUrl, user, token, callback, stop } = await startLavaSimulator({
    pace,
    callbackTimeoutMs: 30_000,
  });
  return {
    lava: { url, user, events: eventsUrl },
    secrets: { lava: token, callback: callback.token },
    tokenName: callback.name,
    files: `${maestro.url}/files/scenario/pass/box`,
    stop,
  };
}

function realLab(): Lab {
  const { url, user, eventsUrl, token, callback, files } = labOfEnvironment();
  return {
    lava: { url, user, events: eventsUrl },
    secrets: { lava: token, callback: callback.token },
    tokenName: callback.name,
    files: `${files}/amd64`,
    stop: async () => undefined,
  };
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

/** Writes configuration, secrets and the socket's address into the box, as its admin would. */
export async function configure(world: World): Promise<void> {
  const secrets = Object.entries(world.secrets).map(
    ([name, text]) => `printf %s '${text}' > /etc/lava-bridge/secrets/${name}`,
  );
  await inBox(`umask 077
install -d -m 755 /etc/lava-bridge && install -d -m 700 /etc/lava-bridge/secrets
${secrets.join('\n')}
cat > /etc/lava-bridge/lava-bridge.yaml <<'END'
${world.configuration()}
END
chmod 644 /etc/lava-bridge/lava-bridge.yaml
umask 022; mkdir -p /etc/systemd/system/lava-bridge.socket.d
printf '[Socket]\\nListenStream=\\nListenStream=127.0.0.1:${world.ports.callbacks}\\n' > /etc/systemd/system/lava-bridge.socket.d/address.conf
systemctl daemon-reload`);
}
