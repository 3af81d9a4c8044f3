// Every key of lava-bridge.yaml is read by name when the daemon runs jobs, or by what opens the way that it belongs to.
// The keys are the schema's own, so a key that is added and read by nothing fails here. What each key changes is tested
// where it is used.
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { BridgeConfig } from '../../src/config/schema.ts';
import { createDaemon } from '../../src/daemon.ts';
import { openSink } from '../../src/kcidb/open.ts';
import { folderFiles } from '../../src/storage/folder.ts';
import { openLogStore } from '../../src/storage/open.ts';
import { leafKeys } from '../catalog/keys.ts';
import { makeFiles } from '../support/folder.ts';
import { LAB, testWorld, X86, type TestWorld } from '../support/world.ts';

const SECRET = /\.(env|file|credential)$/;
const KEYS = new Set(leafKeys(BridgeConfig).map((key) => key.replace(SECRET, '')));

/** Keys that are read before there is a daemon, and where that is tested. */
const ELSEWHERE: Record<string, string> = {
  log_level: 'test/lifecycle/stop.long.test.ts, by the lines of `run`',
  'http.tls.certificate': 'test/lifecycle/reload.test.ts',
  'http.tls.key': 'test/lifecycle/reload.test.ts',
  'http.tls.on': 'test/lifecycle/reload.test.ts',
  'store.postgres': 'test/lifecycle/postgres.long.test.ts',
};

/** A configuration that notes which of its keys are read. A part of it that is copied as a whole is an error. */
function watched<T extends object>(value: T, read: Set<string>, path = ''): T {
  return new Proxy(value, {
    get(target, key, receiver): unknown {
      const found: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol') return found;
      const place = path === '' ? key : `${path}.${key}`;
      read.add(place);
      if (KEYS.has(place) || typeof found !== 'object' || found === null) return found;
      return Array.isArray(found)
        ? found.map((one: object) => watched(one, read, place))
        : watched(found, read, place);
    },
    ownKeys() {
      throw new Error(`${path} is copied as a whole, so that it cannot be known which of its keys are read`);
    },
  });
}

/** A definition that came as YAML, with something for each of a lab's lists. */
function suppliedYaml(nodeId: string, files: string): string {
  return stringify({
    job_name: `[production] ${nodeId} baseline-x86`,
    device_type: 'qemu',
    visibility: 'public',
    timeouts: { job: { minutes: 10 } },
    context: { arch: 'x86_64' },
    notify: {
      criteria: { status: 'finished' },
      callback: { url: `${files}/node/${nodeId}`, method: 'POST', token: 'theirs', dataset: 'all' },
    },
    actions: [
      {
        deploy: {
          to: 'tmpfs',
          images: { kernel: { url: `${files}/bzImage`, image_arg: '-kernel {kernel}' } },
        },
      },
      { boot: { method: 'qemu', media: 'tmpfs', prompts: ['/ #'] } },
      {
        test: {
          definitions: [
            { from: 'git', name: 'a', path: 'a.yaml', repository: 'https://git.example/tests.git' },
            { from: 'url', name: 'b', path: 'b.yaml', repository: 'https://git.example/tests.tar.gz' },
          ],
        },
      },
    ],
  });
}

async function publishSupplied({ maestro }: TestWorld): Promise<string> {
  const build = maestro.addBuild({ arch: 'x86_64' });
  const node = maestro.addLavaPullJob({ build: build.id, name: 'b', runtime: LAB, platform: X86 }, '');
  const url = new URL(node.artifacts?.['job_definition'] ?? '');
  const yaml = suppliedYaml(node.id, maestro.url);
  maestro.serveFile(url.pathname.replace('/files/', ''), 'application/octet-stream', yaml);
  return node.id;
}

/** What a daemon reads that runs a job of each way in, one of them with a failure of the lab. */
async function readByDaemon(read: Set<string>): Promise<void> {
  const own = await makeFiles({
    'p.yaml': stringify({ triggers: [{ plan: 'baseline', on: {}, boards: [X86] }] }),
  });
  const world = await testWorld({
    lab: {
      accept: ['pull_labs', 'lava_pull', 'push', 'triggers'],
      retries: { infrastructure: 1, pause: '1s' },
      definitions: {
        notify_hosts: ['127.0.0.1'],
        notify_tokens: ['theirs'],
        repositories: ['https://git.example/*'],
        archives: ['https://git.example/*'],
      },
    },
    http: { tokens: [{ name: 'alice', token: 'alices', role: 'read' }] },
    config: {
      plans: own,
      uploads: { url: 'https://uploads.example', token_name: 'uploads' },
      notify: {
        mail: { server: 'smtp://127.0.0.1:1', from: 'a@example.org', to: ['a@example.org'] },
        webhook: { url: 'http://127.0.0.1:1', token: 't' },
      },
      report: { progress: true, tries: 'last' },
    },
  });
  await world.daemon.stop();
  const config = watched(await loadConfig(world.configFile), read);
  const daemon = await createDaemon(config, { log: pino({ level: 'silent' }) });
  world.daemon = daemon;
  await daemon.start();

  const [node, supplied] = [world.publish({ scenario: 'infrastructure-once' }), await publishSupplied(world)];
  await world.at(supplied, 'finished');
  expect((await world.ended(node)).stage).toBe('reported');
}

/** The ways to KCIDB and to a storage that exclude each other. */
async function readByOpening(read: Set<string>): Promise<void> {
  const lab = {
    name: 'lab',
    origin: 'lab',
    lava: { url: 'http://lava.example', user: 'u', token: 't' },
    callback: { token_name: 'name', token: 'c', url: 'http://bridge.example' },
  };
  const folder = await makeFiles({});
  const pubsub = { project: 'p', topic: 't', credentials: `${folder}/credentials.json` };
  for (const kcidb of [{ rest: 'https://t@kcidb.example/' }, { command: ['cat'] }, { pubsub }]) {
    const config = BridgeConfig.parse({ labs: [lab], kcidb });
    expect(openSink(watched(config, read), undefined, {})).toBeDefined();
  }
  const storage = { kind: 'kernelci-storage', url: 'http://storage.example', token: 't' };
  const config = BridgeConfig.parse({ labs: [lab], storage });
  expect(openLogStore(watched(config, read), { files: () => folderFiles(folder) }).remote).toBeDefined();
}

it('every key of lava-bridge.yaml is read', async () => {
  const read = new Set<string>();
  await readByDaemon(read);
  await readByOpening(read);

  const unread = [...KEYS].filter((key) => !read.has(key) && !Object.hasOwn(ELSEWHERE, key));

  expect(unread).toEqual([]);
});
