// A whole LAVA lab in one process: XML-RPC, event stream and callbacks on loopback, devices that only pretend.
import { matchesGlob } from 'node:path/posix';
import type { FastifyInstance } from 'fastify';
import { startSimServer, type SimOptions, type SimServer } from '../http-server.ts';
import { seededRandom } from '../random.ts';
import { AGES, type AgeFacts, type LavaAge } from './age.ts';
import { addControl, type Controlled } from './control.ts';
import { createEventStream } from './event-stream.ts';
import { Lab, type Pace } from './lab.ts';
import { CALLBACK_TIMEOUT_MS, callbacksFor, send } from './notify.ts';
import { addRest } from './rest-routes.ts';
import { addRpc, MAX_BODY } from './rpc-routes.ts';
import { noSwitches } from './switches.ts';
import {
  DEFAULT_DEVICES,
  type Next,
  type SimDevice,
  type SimJob,
  type SimUser,
  type SimWorker,
} from './model.ts';

/** How the simulated LAVA behaves. */
export interface LavaSimulatorOptions extends SimOptions {
  /** Which LAVA it plays; 2023.01 if it is not there. */
  age?: LavaAge;
  /** The first one is the bridge's; each may submit, and cancel its own jobs. */
  users?: readonly SimUser[];
  /** The first user's token for callbacks, by the name that definitions carry. */
  callback?: { name: string; token: string };
  devices?: readonly SimDevice[];
  workers?: readonly SimWorker[];
  /** Device types without a device. */
  types?: readonly string[];
  /** Tags without a device. */
  tags?: readonly string[];
  pace?: Partial<Pace>;
  /** How long an answer to a callback is waited for; LAVA's 5 s if it is not there. */
  callbackTimeoutMs?: number;
  /** How many jobs are remembered. */
  keepJobs?: number;
}

/** `url` is where XML-RPC has its `/RPC2`. */
export interface LavaSimulator extends SimServer, Controlled {
  /** `ws://127.0.0.1:PORT/ws/` */
  eventsUrl: string;
  user: string;
  token: string;
  callback: { name: string; token: string };
}

/** A lab that does in half a second what takes real boards minutes. */
const PACE: Pace = { scheduleMs: 20, startMs: 30, runMs: 400, cancelMs: 50 };

const WORKER: SimWorker = { name: 'lab-worker', state: 'Online', health: 'Active', jobLimit: 0 };
const USER: SimUser = { name: 'bridge', token: 'bridge-token' };

/** Starts a lab. It lives in memory and ends with `stop`. */
export async function startLavaSimulator(options: LavaSimulatorOptions = {}): Promise<LavaSimulator> {
  const users = options.users ?? [USER];
  const callback = options.callback ?? { name: 'bridge-callback', token: 'callback-token' };
  const [first = USER] = users;
  const random = seededRandom(options.seed ?? 1);
  const switches = noSwitches();
  const age = AGES[options.age ?? '2023.01'];
  const events = createEventStream(age, switches, users);
  const calls = new Map<string, number>();
  const callbacks = { sent: 0, accepted: 0 };

  async function notify(job: SimJob, next: Next): Promise<void> {
    const secrets = lab.artifactTokens.get(job.submitter) ?? new Map<string, string>();
    for (const outgoing of callbacksFor(lab, job, next, secrets)) {
      if (switches.callbacks === 'drop' || random() < switches.callbackDropChance) continue;
      if (!isAllowed(outgoing.url, switches.callbackAllowedHosts)) continue;
      for (let times = switches.callbacks === 'double' ? 2 : 1; times > 0; times--) {
        callbacks.sent++;
        const status = await send(outgoing, options.callbackTimeoutMs ?? CALLBACK_TIMEOUT_MS);
        if (status !== undefined && status < 300) callbacks.accepted++;
      }
    }
  }

  const lab = new Lab(
    {
      age,
      devices: options.devices ?? DEFAULT_DEVICES,
      workers: options.workers ?? [WORKER],
      types: options.types ?? ['qemu-empty'],
      tags: options.tags ?? ['slow'],
      pace: { ...PACE, ...options.pace },
      keepJobs: options.keepJobs ?? 5000,
    },
    { notify, emit: events.emit },
  );

  lab.artifactTokens.set(first.name, new Map([[callback.name, callback.token]]));

  const server = await startSimServer(options, { bodyLimit: MAX_BODY }, (app) => {
    takeAnyBody(app);
    app.server.on('upgrade', events.upgrade);
    const count = (method: string): void => void calls.set(method, (calls.get(method) ?? 0) + 1);
    addRest(app, { lab, users, count });
    addRpc(app, { lab, users: withCallbackToken(age, users, callback.token), switches, count });
    addControl(app, () => simulator);
  });

  let comeBack: (() => void) | undefined;
  function setDown(down: boolean): void {
    comeBack?.();
    comeBack = down ? server.faults.add({ kind: 'cut', path: /^(?!\/sim\/)/ }) : undefined;
    switches.events = down ? 'refuse' : 'send';
    if (down) events.cut();
  }

  const simulator: LavaSimulator = {
    ...server,
    eventsUrl: `${server.url.replace('http', 'ws')}/ws/`,
    user: first.name,
    token: first.token,
    callback,
    switches,
    lab,
    jobs: () => [...lab.jobs.values()],
    calls,
    callbacks,
    listeners: events.count,
    cutEvents: events.cut,
    setDown,
    stop: async () => {
      lab.stop();
      events.stop();
      await server.stop();
    },
  };
  return simulator;
}

/** Where LAVA takes no remote artifact token, a callback's token is one that opens its API. */
function withCallbackToken(age: AgeFacts, users: readonly SimUser[], token: string): readonly SimUser[] {
  const [first] = users;
  return first === undefined || age.remoteArtifactTokens ? users : [...users, { name: first.name, token }];
}

/** Whether LAVA calls that host back; patterns as Python's fnmatch knows them. */
function isAllowed(url: string, hosts: readonly string[]): boolean {
  const { hostname } = new URL(url);
  return hosts.length === 0 || hosts.some((pattern) => matchesGlob(hostname, pattern));
}

/** Bodies come as they are, whatever they say they are; LAVA answers 400 to one that is too large. */
function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler(async (_error, _request, reply) =>
    reply.code(400).type('text/html').send('Bad Request'),
  );
}
