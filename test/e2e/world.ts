// The world of the end-to-end run: the real lab, the real daemon as a process, Maestro and KCIDB simulated, and relays
// that note what goes between them.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { z } from 'zod';
import { freePort } from '../../src/sim/free-port.ts';
import { startKcidbSimulator, type KcidbSimulator } from '../../src/sim/kcidb/server.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { createBridge, type Bridge } from './bridge.ts';
import { labOfEnvironment, type Lab } from './lab.ts';
import { startRelay, type Passed, type Relay } from './relay.ts';

export const RUNTIME = 'lava-e2e';
export const ORIGIN = 'e2e';

export interface World {
  lab: Lab;
  maestro: MaestroSimulator;
  kcidb: KcidbSimulator;
  bridge: Bridge;
  /** Between the daemon and LAVA, KCIDB; between LAVA (and readers of logs) and the daemon. */
  relays: { lava: Relay; kcidb: Relay; bridge: Relay };
  /** By node id: what is done with the callback that says Finished. */
  onFinished: Map<string, 'lose it' | 'kill the daemon once it is answered'>;
  stop: () => Promise<void>;
}

/** What a callback is about; undefined if the exchange is none, or does not tell of an end. */
export function finishedCallback({
  path,
  body,
}: Pick<Passed, 'path' | 'body'>): { node: string; lavaId: number } | undefined {
  const node = /^\/callback\/[^/]+\/(\w+)$/.exec(path)?.[1];
  if (node === undefined) return undefined;
  const told = Callback.safeParse(JSON.parse(body.toString()));
  return told.success ? { node, lavaId: told.data.id } : undefined;
}

const Callback = z.looseObject({ id: z.number(), state_string: z.literal('Finished') });

/** Starts it all, with its configuration, state and log in `folder`. */
export async function startWorld(folder: string): Promise<World> {
  const lab = labOfEnvironment();
  const onFinished: World['onFinished'] = new Map();
  const maestro = await startMaestroSimulator({ runtimes: [RUNTIME] });
  const kcidb = await startKcidbSimulator();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const relays = {
    lava: await startRelay(lab.url),
    kcidb: await startRelay(kcidb.url),
    bridge: await startRelay(url, {
      refuse: (asked) => (planFor(asked) === 'lose it' ? 503 : undefined),
      onAnswer: (passed) => {
        if (passed.status === 200 && planFor(passed) === 'kill the daemon once it is answered') bridge.kill();
      },
    }),
  };
  const configFile = join(folder, 'lava-bridge.yaml');
  const bridge = createBridge(configFile, url, join(folder, 'daemon.log'));

  function planFor(asked: Pick<Passed, 'path' | 'body'>): string | undefined {
    const told = finishedCallback(asked);
    return told && onFinished.get(told.node);
  }

  const config = {
    instance: 'e2e',
    maestro: { url: maestro.url, token: maestro.token, poll_interval: '1s' },
    labs: [
      {
        name: RUNTIME,
        origin: ORIGIN,
        lava: { url: relays.lava.url, user: lab.user, token: lab.token, events: lab.eventsUrl },
        callback: { token_name: lab.callback.name, token: lab.callback.token },
        limits: { max_queued_per_device: 50 },
        retries: { infrastructure: 1, pause: '1s' },
        supersede: true,
      },
    ],
    kcidb: { url: relays.kcidb.url, token: kcidb.token },
    http: {
      listen: `127.0.0.1:${port}`,
      api_listen: `127.0.0.1:${port}`,
      pages_listen: `127.0.0.1:${port}`,
      public_url: relays.bridge.url,
      token: 'e2e-token',
    },
    store: { sqlite: 'state/lava-bridge.db' },
    fetch: { networks: ['public', 'loopback'] },
    device_types: fileURLToPath(new URL('device-types', import.meta.url)),
    plans: 'plans',
  };
  await mkdir(join(folder, 'plans'), { recursive: true });
  await writeFile(join(folder, 'plans', 'baseline.yaml'), stringify(baselineOf(lab)));
  await writeFile(configFile, stringify(config), { mode: 0o600 });
  await bridge.start();
  return {
    lab,
    maestro,
    kcidb,
    bridge,
    relays,
    onFinished,
    async stop() {
      await bridge.stop();
      await Promise.all(Object.values(relays).map((relay) => relay.stop()));
      await Promise.all([maestro.stop(), kcidb.stop()]);
    },
  };
}

/** KernelCI's baseline, with the lab's own initramfs: the lab need not reach KernelCI's storage. */
function baselineOf({ files }: Lab): unknown {
  return {
    rootfs: { 'lab-initramfs': { ramdisk: `${files}/amd64/initramfs.cpio.gz` } },
    plans: {
      baseline: { rootfs: 'lab-initramfs', tests: [{ type: 'boot', name: 'dmesg', suite: 'boot' }] },
    },
  };
}
