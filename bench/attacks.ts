// What hostile input costs the daemon: kinds of attack, one after the other, on a daemon with a heap of 256 MiB. Prints a
// row of docs/security-tests.md for each: how it was answered, how much memory the daemon had at most, how long its event
// loop was held at most, and how long it was on the processor. On a busy machine the loop also waits for a core. Ends
// with 1 if the daemon died.
//
//   npm run attacks
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { z } from 'zod';
import { sleep } from '../src/core/time.ts';
import { publishShellJob } from '../src/demo/shell-job.ts';
import { DEMO_LAB } from '../src/demo/world.ts';
import { HEAP, startBenchDaemon } from './daemon.ts';
import { send, type Sent } from './send.ts';

const MB = 1e6;
const { world, child, exit, stop } = await startBenchDaemon({ preload: ['./bench/loop-watch.ts'] });
const { hostname: host, port } = new URL(world.url);
const agent = new Agent({ keepAlive: false });
let isAlive = true;
void exit.then(() => (isAlive = false));

const Measured = z.object({ residentBytes: z.number(), heldMs: z.number(), processorMs: z.number() });

/** What the daemon took since the last call. */
async function measured(): Promise<z.infer<typeof Measured>> {
  const answer = once(child, 'message');
  child.send('measure');
  return Measured.parse((await answer)[0]);
}

const sendTo = (path: string, sent?: Sent): Promise<string> => send(`${world.url}${path}`, agent, sent);

/** Bytes as they are, over a connection that is closed after `forMs`; gives the first line of the answer. */
function sendRaw(bytes: string, forMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    let answer = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 'closed');
    };
    const timer = setTimeout(end, forMs);
    socket.on('data', (chunk) => (answer = answer.slice(0, 100) + chunk.toString('latin1').slice(0, 100)));
    socket.on('close', end);
    socket.on('error', end);
    socket.write(bytes);
  });
}

function many(times: number, one: (i: number) => Promise<string>): Promise<string[]> {
  return Promise.all(Array.from({ length: times }, (_, i) => one(i)));
}

function counted(answers: string | readonly string[]): string {
  const groups = Map.groupBy([answers].flat(), (answer) => answer);
  return [...groups]
    .map(([answer, all]) => (all.length > 1 ? `${answer} × ${all.length}` : answer))
    .join(', ');
}

const JSON_TYPE = { 'content-type': 'application/json' };
let key = '';
let lavaId = 0;

function callback(parts: object): Promise<string> {
  return rawCallback(
    JSON.stringify({ id: lavaId, state_string: 'Finished', health_string: 'Complete', ...parts }),
  );
}

function rawCallback(body: string, token = world.lava.callback.token): Promise<string> {
  const headers = { ...JSON_TYPE, authorization: token };
  return sendTo(`/callback/${DEMO_LAB}/${key}`, { method: 'POST', headers, body });
}

function push(body: string): Promise<string> {
  const headers = { ...JSON_TYPE, authorization: `Bearer ${world.token}` };
  return sendTo('/api/v1/requests', { method: 'POST', headers, body });
}

function pushed(i: number, extra: string): string {
  const id = i.toString(16).padStart(24, '0');
  const data = `{"runtime":"${DEMO_LAB}","platform":"no-such-board","extra":${extra}}`;
  return `{"node":{"id":"${id}","kind":"job","name":"attack","path":["attack"],"state":"available","data":${data}}}`;
}

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const logLine = '- {"dt": "2026-08-21T15:20:01.000000", "lvl": "target", "msg": "a line of a console"}\n';

/** Publishes a job in Maestro with this in its definition. */
function publish(i: number, extra: object): void {
  const build = world.maestro.addBuild({ arch: 'x86_64' });
  world.maestro.addPullLabsJob(
    { build: build.id, name: `attack-${i}`, runtime: DEMO_LAB, platform: 'qemu-x86_64' },
    { artifacts: {}, tests: [], environment: { platform: 'qemu-x86_64' }, ...extra },
  );
}

/** Waits until all that was published is ended by the bridge. */
async function ended(names: RegExp): Promise<string> {
  const open = (): number =>
    [...world.maestro.database.nodes.values()].filter(
      ({ name, state }) => names.test(name) && state !== 'done',
    ).length;
  for (let i = 0; i < 600 && open() > 0; i++) await sleep(100);
  return open() === 0 ? 'rejected and ended' : `${open()} still open`;
}

const ATTACKS: [what: string, attack: () => Promise<string | string[]>][] = [
  ['nothing, for comparison', async () => (await sleep(2000), 'idle')],
  ['a callback whose results are 8 MB of `[`', () => callback({ results: { lava: '['.repeat(8 * MB) } })],
  ['a callback whose definition is 8 MB of `{a: `', () => callback({ definition: '{a: '.repeat(2 * MB) })],
  ['a callback with results of 10 MB', () => callback({ results: { lava: 'x'.repeat(10 * MB) } })],
  ['a callback of JSON, 10,000 levels deep', () => rawCallback(`{"id":1,"x":${deep(10_000)}}`)],
  ['a callback with a million empty lists', () => rawCallback(`{"id":1,"x":[${'[],'.repeat(MB)}[]]}`)],
  [
    '200 callbacks of 2 MB at once',
    () => {
      const log = logLine.repeat((2 * MB) / logLine.length);
      return many(200, () => callback({ log }));
    },
  ],
  [
    '16 callbacks of 63 MB at once',
    () => {
      const log = logLine.repeat((60 * MB) / logLine.length);
      return many(16, () => callback({ log }));
    },
  ],
  [
    '200 callbacks of 2 MB with a wrong token',
    () => many(200, () => rawCallback('x'.repeat(2 * MB), 'wrong')),
  ],
  [
    '24 pushed requests of 31 MB',
    () => many(24, (i) => push(pushed(i, JSON.stringify('x'.repeat(31 * MB))))),
  ],
  [
    '24 pushed requests of 500 KiB',
    () => many(24, (i) => push(pushed(100 + i, JSON.stringify('x'.repeat(500 * 1024))))),
  ],
  ['a pushed request, 8,000 levels deep', () => push(pushed(200, deep(8000)))],
  [
    '8 nodes of Maestro with definitions of 31 MB',
    async () => {
      const extra = 'x'.repeat(31 * MB);
      for (let i = 0; i < 8; i++) publish(i, { extra });
      return ended(/^attack-/);
    },
  ],
  [
    'lists and pages after these, 20 at once',
    async () => [
      ...(await many(20, () => sendTo('/api/v1/jobs?limit=1000'))),
      ...(await many(20, () => sendTo('/'))),
    ],
  ],
  ['100 × `/boards` at once', () => many(100, () => sendTo('/boards'))],
  [
    '300 readers of a live log',
    () =>
      many(300, () =>
        sendRaw(`GET /jobs/${DEMO_LAB}:${key}/log HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`, 5000),
      ),
  ],
  [
    '20,000 requests over one connection, no answer read',
    () => sendRaw(`GET / HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`.repeat(20_000), 5000),
  ],
  ['1,000 connections with half a header', () => many(1000, () => sendRaw('GET / HTTP/1.1\r\nHost: ', 5000))],
  ['a header of 1 MB', () => sendRaw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(MB)}\r\n\r\n`, 5000)],
];

while ((await sendTo('/healthz')) !== '200') await sleep(100);
key = publishShellJob(world.maestro, { name: 'attack', scenario: 'long', commands: ['true'] });
while (world.lava.jobs().length === 0) await sleep(100);
lavaId = world.lava.jobs()[0]?.id ?? 0;
await sleep(2000);

process.stdout.write(
  `| what, with a heap of ${HEAP} MiB | answered | resident, MiB | loop held, ms | processor, ms |\n`,
);
process.stdout.write('| --- | --- | --- | --- | --- |\n');
for (const [what, attack] of ATTACKS) {
  if (!isAlive) break;
  await measured();
  const answers = counted(await attack());
  await sleep(500);
  if (!isAlive) {
    process.stdout.write(`| ${what} | ${answers} | DIED | | |\n`);
    break;
  }
  const { residentBytes, heldMs, processorMs } = await measured();
  const figures = [residentBytes / 1024 ** 2, heldMs, processorMs].map((figure) => figure.toFixed(0));
  process.stdout.write(`| ${[what, answers, ...figures].join(' | ')} |\n`);
}
const died = !isAlive;
await stop();
process.exitCode = died ? 1 : 0;
