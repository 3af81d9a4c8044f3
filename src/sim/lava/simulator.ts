// A whole LAVA lab in one process: XML-RPC, event stream and callbacks on loopback, devices that only pretend.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveControl } from './control.ts';
import { createEventStream } from './event-stream.ts';
import { createDice, noFaults, type Faults } from './faults.ts';
import { Lab, type Pace } from './lab.ts';
import { callbacksFor, send } from './notify.ts';
import { answer, serveRpc } from './rpc-server.ts';
import { DEFAULT_DEVICES, type SimDevice, type SimJob, type SimUser, type SimWorker } from './world.ts';

export interface LavaSimulatorOptions {
  /** 0 (the default): any free one. */
  port?: number;
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
  /** How many jobs are remembered. */
  keepJobs?: number;
  /** For all that happens by chance. */
  seed?: number;
}

export interface LavaSimulator {
  /** `http://127.0.0.1:PORT`; XML-RPC is at `/RPC2`. */
  url: string;
  /** `ws://127.0.0.1:PORT/ws/` */
  eventsUrl: string;
  user: string;
  token: string;
  callback: { name: string; token: string };
  /** To be changed at any time; see there. */
  faults: Faults;
  lab: Lab;
  jobs: () => SimJob[];
  /** How often each method was called; a multicall is one call. */
  calls: ReadonlyMap<string, number>;
  /** How many callbacks were sent, and how many were accepted (2xx). */
  callbacks: { sent: number; accepted: number };
  /** How many listen to events. */
  listeners: () => number;
  /** Cuts all event connections. */
  cutEvents: () => void;
  /** The whole server goes away (connections are refused), or comes back. */
  setDown: (down: boolean) => Promise<void>;
  stop: () => Promise<void>;
}

/** A lab that does in half a second what takes real boards minutes. */
const PACE: Pace = { scheduleMs: 20, startMs: 30, runMs: 400, cancelMs: 50 };

const WORKER: SimWorker = { name: 'lab-worker', state: 'Online', health: 'Active', jobLimit: 0 };

/** Starts a lab. It lives in memory and ends with `stop`. */
export async function startLavaSimulator(options: LavaSimulatorOptions = {}): Promise<LavaSimulator> {
  const users = options.users ?? [{ name: 'bridge', token: 'bridge-token' }];
  const callback = options.callback ?? { name: 'bridge-callback', token: 'callback-token' };
  const [first = { name: 'bridge', token: 'bridge-token' }] = users;
  const faults = noFaults();
  const dice = createDice(options.seed ?? 1);
  const events = createEventStream(faults);
  const calls = new Map<string, number>();
  const callbacks = { sent: 0, accepted: 0 };

  async function notify(job: SimJob, next: Parameters<typeof callbacksFor>[2]): Promise<void> {
    const secrets =
      job.submitter === first.name ? new Map([[callback.name, callback.token]]) : new Map<string, string>();
    for (const outgoing of callbacksFor(lab, job, next, secrets)) {
      if (faults.callbacks === 'drop' || dice(faults.callbackDropChance)) continue;
      for (let times = faults.callbacks === 'double' ? 2 : 1; times > 0; times--) {
        callbacks.sent++;
        const status = await send(outgoing);
        if (status !== undefined && status < 300) callbacks.accepted++;
      }
    }
  }

  const lab = new Lab(
    {
      devices: options.devices ?? DEFAULT_DEVICES,
      workers: options.workers ?? [WORKER],
      types: options.types ?? ['qemu-empty'],
      tags: options.tags ?? ['slow'],
      pace: { ...PACE, ...options.pace },
      keepJobs: options.keepJobs ?? 5000,
    },
    { notify, emit: events.emit },
  );

  const count = (method: string): void => void calls.set(method, (calls.get(method) ?? 0) + 1);
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const done = path.startsWith('/RPC2')
      ? serveRpc({ lab, users, faults, dice, count }, request, response)
      : path.startsWith('/sim/')
        ? serveControl(simulator, request, response)
        : answer(response, 404, 'text/html', '<h1>Not Found</h1>');
    Promise.resolve(done).catch(() => request.socket.destroy());
  });
  server.on('upgrade', events.upgrade);
  const port = await listen(server, options.port ?? 0);

  async function setDown(down: boolean): Promise<void> {
    if (down === !server.listening) return;
    if (!down) return void (await listen(server, port));
    events.cut();
    await close(server);
  }

  const simulator: LavaSimulator = {
    url: `http://127.0.0.1:${port}`,
    eventsUrl: `ws://127.0.0.1:${port}/ws/`,
    user: first.name,
    token: first.token,
    callback,
    faults,
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
      if (server.listening) await close(server);
    },
  };
  return simulator;
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
