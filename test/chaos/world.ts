// The world of a chaos run: a real LAVA with played boards, the simulated Maestro and KCIDB, the real daemon as a process,
// and proxies between it and LAVA.
import { appendFile, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { stringify } from 'yaml';
import { rfc3339, SECOND } from '../../src/core/time.ts';
import { freePort } from '../../src/sim/free-port.ts';
import { validateReport } from '../../src/kcidb/schema.ts';
import type { KcidbObject } from '../../src/sim/kcidb/database.ts';
import { startKcidbSimulator, type KcidbSimulator } from '../../src/sim/kcidb/server.ts';
import { startMaestroSimulator, type MaestroSimulator } from '../../src/sim/maestro/server.ts';
import { startCluster, type Cluster } from '../support/postgres.ts';
import { createBridge, type Bridge } from './bridge.ts';
import type { End, EndNode, Wanted } from './check.ts';
import { createDisk, type Disk } from './disk.ts';
import { definitionOf, type Kind } from './kinds.ts';
import type { Lab } from './lab.ts';
import { startProxy, type Proxy } from './proxy.ts';

const RUNTIME = 'lava-chaos';
const SITE = fileURLToPath(new URL('site/', import.meta.url));

export interface WorldOptions {
  lab: Lab;
  /** Made from scratch: configuration, state and log of the daemon. */
  folder: string;
  seed: number;
  report: 'close' | 'hierarchy';
  /** Where the daemons have their state; PostgreSQL's is a cluster of the run's own. */
  store: 'sqlite' | 'postgres';
  /** How many on that one database: with SQLite one. */
  daemons: number;
  /** Merged into the lab's `lava` settings. */
  lava?: Record<string, unknown>;
  /** Merged into the lab's entry. */
  entry?: Record<string, unknown>;
  /** In place of sections of the configuration, merged into `maestro`'s. */
  sections?: { maestro?: Record<string, unknown>; retention?: Record<string, unknown> };
  /** Whether the daemon's state is where the folder is, not on a small disk of its own that can be filled. */
  plainDisk?: boolean;
  /** More labs, by the URL that LAVA is to call back. */
  labs?: (callbackUrl: string) => Record<string, unknown>[];
}

export interface World {
  lab: Lab;
  maestro: MaestroSimulator;
  kcidb: KcidbSimulator;
  /** Between LAVA and the daemons' callbacks: each gets one in turn, whether it lives or not. */
  callbacks: Proxy;
  /** Between the daemons and LAVA's XML-RPC. */
  rpc: Proxy;
  /** How many XML-RPC requests were made, by method; for a multicall, by that of its first call. */
  calls: ReadonlyMap<string, number>;
  bridges: readonly Bridge[];
  disk: Disk;
  /** The daemons' own database; undefined: it is SQLite. */
  cluster: Cluster | undefined;
  requests: Wanted[];
  /** Publishes a request whose job runs for so many seconds; gives its node's id. */
  publish: (kind: Kind, seconds: number, runtime?: string) => string;
  /** When KCIDB first accepted a report of a node (ms). */
  acceptedAt: ReadonlyMap<string, number>;
  /** How many reports KCIDB took, resent ones again. */
  reportsTaken: () => number;
  /** How many requests have their report in KCIDB and their node done. */
  done: () => number;
  /** How many jobs the daemons say are open; undefined if none answers. */
  open: () => Promise<number | undefined>;
  /** Takes up again what was set aside because it was under way in two deaths, as an admin does. */
  takeUpSetAside: () => Promise<void>;
  /** How many jobs that were. */
  takenUp: () => number;
  end: () => Promise<End>;
  /** Writes a line to the run's log. */
  note: (text: string) => Promise<void>;
  /** Ends all but the lab; first copies the daemon's state off its disk, if somebody is to look into it. */
  close: (save: boolean) => Promise<void>;
}

/** Starts all of it; the daemons last. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { lab, folder, seed, report } = options;
  const cluster = options.store === 'postgres' ? await startCluster() : undefined;
  const database = await cluster?.database();
  const store = database === undefined ? { sqlite: 'state/lava-bridge.db' } : { postgres: database };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const acceptedAt = new Map<string, number>();
  const sentTests: KcidbObject[] = [];
  let reportsTaken = 0;
  let takenUp = 0;
  const addresses: string[] = [];
  for (let i = 0; i < options.daemons; i++) addresses.push(`127.0.0.1:${await freePort()}`);
  const callbacks = await startProxy(...addresses.map((address) => `http://${address}`));
  const rpc = await startProxy(lab.url);
  const moreLabs = options.labs?.(callbacks.url) ?? [];
  const runtimes = [RUNTIME, ...moreLabs.map((more) => String(more['name']))];
  const maestro = await startMaestroSimulator({ seed, runtimes });
  const kcidb = await startKcidbSimulator({ seed: seed + 1, validate: accept });
  const calls = new Map<string, number>();
  rpc.watch = (body) => {
    const methods = [...body.matchAll(/scheduler\.[\w.]+|results\.\w+|system\.(?!multicall)\w+/g)];
    const method = methods[0]?.[0] ?? 'unknown';
    calls.set(method, (calls.get(method) ?? 0) + 1);
  };
  // Job names begin with it: so that they differ from those of other runs.
  const instance = `chaos-${Date.now().toString(36)}`;
  const bridges: Bridge[] = [];
  for (const [i, address] of addresses.entries()) {
    const configFile = `${folder}/lava-bridge-${i + 1}.yaml`;
    await writeFile(configFile, stringify(configOf(address)), { mode: 0o600 });
    bridges.push(createBridge(configFile, `${folder}/daemon-${i + 1}.log`));
  }
  // It is filled where there is one daemon.
  const disk = await createDisk(`${folder}/state`, () => bridges[0]?.pid(), options.plainDisk !== true);
  const requests: Wanted[] = [];
  const build = maestro.addBuild({ arch: 'x86_64' });

  /** KCIDB's ingester asks this of each report as it comes. */
  function accept(body: unknown): string[] {
    const problems = validateReport(body).rejected.map(({ list, index }) => `${list}.${index}`);
    const { tests } = Report.parse(body);
    reportsTaken += 1;
    sentTests.push(...tests);
    for (const test of tests) {
      const nodeId = /node_id=(\w+)/.exec(JSON.stringify(test['misc']))?.[1] ?? '';
      if (!acceptedAt.has(nodeId)) acceptedAt.set(nodeId, Date.now());
    }
    return problems;
  }

  function configOf(address: string): Record<string, unknown> {
    return {
      instance,
      maestro: {
        url: maestro.url,
        token: maestro.token,
        poll_interval: '1s',
        reconcile_interval: '20s',
        timeout: '5s',
        ...options.sections?.maestro,
      },
      ...(options.sections?.retention === undefined ? {} : { retention: options.sections.retention }),
      labs: [
        {
          name: RUNTIME,
          origin: 'chaos',
          lava: {
            url: rpc.url,
            user: lab.user,
            token: lab.token,
            events: lab.eventsUrl,
            poll_interval: '10s',
            timeout: '15s',
            ...options.lava,
          },
          callback: { token_name: lab.callback.name, token: lab.callback.token, url: callbacks.url },
          retries: { infrastructure: 1, pause: '2s' },
          ...options.entry,
        },
        ...moreLabs,
      ],
      kcidb: { url: kcidb.url, token: kcidb.token, timeout: '5s' },
      report: { maestro: report },
      http: {
        token: ADMIN_TOKEN,
        listen: address,
        api_listen: address,
        pages_listen: address,
        public_url: `http://${address}`,
      },
      store,
      fetch: { networks: ['loopback'], timeout: '5s' },
      device_types: `${SITE}device-types`,
      job_templates: `${SITE}job-templates`,
    };
  }

  function below(id: string): EndNode[] {
    return maestro.database.children(id).flatMap((node) => [node, ...below(node.id)]);
  }

  for (const bridge of bridges) bridge.start();
  return {
    lab,
    maestro,
    kcidb,
    callbacks,
    rpc,
    calls,
    bridges,
    disk,
    cluster,
    requests,
    acceptedAt,
    publish(kind, seconds, runtime = RUNTIME) {
      const spec = { build: build.id, name: kind.name, runtime, platform: 'fake-board' };
      const { id } = maestro.addPullLabsJob(spec, definitionOf(kind, seconds, `${maestro.url}/files`));
      requests.push({ nodeId: id, kind });
      return id;
    },
    reportsTaken: () => reportsTaken,
    done: () =>
      requests.filter(
        ({ nodeId }) => acceptedAt.has(nodeId) && maestro.database.get(nodeId)?.state === 'done',
      ).length,
    takeUpSetAside: async () => {
      for (const address of addresses) takenUp += await takeUpSetAside(address);
    },
    takenUp: () => takenUp,
    open: async () => {
      const answers = await Promise.all(addresses.map(askOpen));
      return answers.find((answer) => answer !== undefined);
    },
    end: async () => ({
      lavaJobs: await lab.jobs(`[${instance}] `),
      node: (id) => maestro.database.get(id),
      below,
      tests: kcidb.objects('tests'),
      sentTests,
      hierarchy: report === 'hierarchy',
    }),
    note: (text) => appendFile(`${folder}/chaos.log`, `${rfc3339(Date.now())} ${text}\n`),
    close: async (save) => {
      await Promise.all(bridges.map((bridge) => bridge.end()));
      await Promise.all([callbacks.stop(), rpc.stop(), maestro.stop(), kcidb.stop()]);
      await cluster?.stop();
      if (save) await cp(`${folder}/state`, `${folder}/state-at-end`, { recursive: true });
      await disk.remove();
    },
  };
}

const Report = z.looseObject({ tests: z.array(z.record(z.string(), z.unknown())).default([]) });

const Labs = z.object({ labs: z.array(z.object({ jobs: z.record(z.string(), z.number()) })) });

async function askOpen(address: string): Promise<number | undefined> {
  try {
    const answer = await fetch(`http://${address}/api/v1/labs`, { signal: AbortSignal.timeout(5 * SECOND) });
    const { labs } = Labs.parse(await answer.json());
    return labs.flatMap(({ jobs }) => Object.values(jobs)).reduce((sum, n) => sum + n, 0);
  } catch {
    return undefined; // it is away, or just starting
  }
}

const ADMIN_TOKEN = 'chaos-admin-token-0123456789abcdef';

const Aside = z.object({ jobs: z.array(z.object({ id: z.string(), reason: z.string().nullable() })) });
/** Of jobs that are set aside, and of those of which a delivery is: others are parked because they were refused. */
const ASIDE = ['crashes', 'parked'];
const BY_DEATHS = 'under way in two crashes';

/** As an admin would by `lava-bridge jobs --reason crashes` (or `parked`) and `jobs retry`: gives how many. */
async function takeUpSetAside(address: string): Promise<number> {
  const api = `http://${address}/api/v1/jobs`;
  const limit = (): RequestInit => ({ signal: AbortSignal.timeout(5 * SECOND) });
  const jobs = [];
  for (const code of ASIDE) {
    const answer = await fetch(`${api}?done=false&reason_code=${code}`, limit()).catch(() => undefined);
    if (!answer?.ok) return 0; // it is away, or just starting: the next look finds them
    jobs.push(...Aside.parse(await answer.json()).jobs.filter(({ reason }) => reason?.includes(BY_DEATHS)));
  }
  let taken = 0;
  for (const { id } of jobs) {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const url = `${api}/${encodeURIComponent(id)}/retry`;
    const order = await fetch(url, { method: 'POST', headers, ...limit() });
    if (order.ok) taken += 1;
    else if (order.status === 403) throw new Error(`${id} cannot be taken up: ${await order.text()}`);
  }
  return taken;
}
