// The simulator's own endpoint, for people and for tests in another process: faults on command, devices, state.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { errorText } from '../../core/errors.ts';
import { parseJson } from '../../core/parse/json.ts';
import { PARSE_LIMITS } from '../../core/parse/limits.ts';
import type { Faults } from '../http-faults.ts';
import type { Lab } from './lab.ts';
import type { SimJob } from './model.ts';
import { Switches } from './switches.ts';

/** What of a simulated lab can be changed and looked at. */
export interface Controlled {
  /** To be changed at any time; see there. */
  switches: Switches;
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
  /** The web server and the events are away (every connection is cut), or come back; jobs run on. */
  setDown: (down: boolean) => void;
}

const DeviceChange = z.strictObject({
  health: z.enum(['Good', 'Unknown', 'Looping', 'Bad', 'Maintenance', 'Retired']),
});

const HealthCheck = z.strictObject({ health: z.enum(['Complete', 'Incomplete']) });

const WorkerChange = z.strictObject({
  state: z.enum(['Online', 'Offline']).optional(),
  health: z.enum(['Active', 'Maintenance', 'Retired']).optional(),
  jobLimit: z.number().int().nonnegative().optional(),
  hidden: z.boolean().optional(),
});

/** As in ../http-faults.ts, for XML-RPC. */
const HttpFault = z.strictObject({
  kind: z.enum(['status', 'mute', 'cut', 'lose', 'slow']),
  status: z.number().int().min(400).max(599).default(502),
  delayMs: z.number().int().nonnegative().max(600_000).default(0),
  times: z.number().int().positive().default(Infinity),
  chance: z.number().min(0).max(1).default(1),
});

const Down = z.strictObject({ down: z.boolean() });

/**
 * Adds `GET /sim/state`, and `POST` with JSON: `/sim/switches` (those named are set), `/sim/faults` (one more for
 * XML-RPC), `/sim/no-faults`, `/sim/devices/NAME`, `/sim/health-checks/NAME`, `/sim/workers/NAME`, `/sim/down`, `/sim/cut-events`. Each answers
 * with the state; 400 with the reason.
 */
export function addControl(app: FastifyInstance, find: () => Controlled): void {
  app.all<{ Params: { what: string; name?: string } }>('/sim/:what/:name?', async (request, reply) => {
    const simulator = find();
    const text = Buffer.isBuffer(request.body) ? request.body.toString() : '';
    const { what, name = '' } = request.params;
    try {
      if (request.method === 'POST')
        command(simulator, what, name, text === '' ? {} : parseJson(text, PARSE_LIMITS.answer));
    } catch (error) {
      return reply.code(400).send({ error: errorText(error) });
    }
    return reply.send(state(simulator));
  });
}

function command(simulator: Controlled, what: string, name: string, body: unknown): void {
  switch (what) {
    case 'switches':
      Object.assign(simulator.switches, Switches.partial().parse(body));
      return;
    case 'faults':
      simulator.faults.add({ ...HttpFault.parse(body), path: /^\/RPC2/ });
      return;
    case 'no-faults':
      simulator.faults.clear();
      return;
    case 'devices':
      simulator.lab.setDevice(name, DeviceChange.parse(body).health);
      return;
    case 'health-checks':
      simulator.lab.checkHealth(name, HealthCheck.parse(body).health);
      return;
    case 'workers':
      simulator.lab.setWorker(name, WorkerChange.parse(body));
      return;
    case 'down':
      simulator.setDown(Down.parse(body).down);
      return;
    case 'cut-events':
      simulator.cutEvents();
      return;
    default:
      throw new Error(`no such command: ${what}`);
  }
}

function state({ switches, lab, jobs, calls, callbacks, listeners }: Controlled): unknown {
  return {
    switches,
    devices: [...lab.devices.values()],
    workers: [...lab.workers.values()],
    jobs: jobs()
      .slice(-100)
      .map(({ id, state, health, device, definition }) => ({
        id,
        state,
        health,
        device: device?.name,
        name: definition.job_name,
      })),
    calls: Object.fromEntries(calls),
    callbacks,
    listeners: listeners(),
  };
}
