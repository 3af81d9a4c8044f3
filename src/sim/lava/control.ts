// The simulator's own endpoint, for people and for tests in another process: faults on command, devices, state.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { errorText } from '../../base/errors.ts';
import { Faults } from './faults.ts';
import { answer, readBody } from './rpc-server.ts';
import type { LavaSimulator } from './simulator.ts';

const DeviceChange = z.strictObject({
  health: z.enum(['Good', 'Unknown', 'Looping', 'Bad', 'Maintenance', 'Retired']),
});

const WorkerChange = z.strictObject({
  state: z.enum(['Online', 'Offline']).optional(),
  health: z.enum(['Active', 'Maintenance', 'Retired']).optional(),
  jobLimit: z.number().int().nonnegative().optional(),
});

const Down = z.strictObject({ ms: z.number().int().positive().max(3_600_000) });

/**
 * `GET /sim/state`; `POST /sim/faults` (those named are set), `/sim/devices/NAME`, `/sim/workers/NAME`,
 * `/sim/down` `{ms}`, `/sim/cut-events`, each with JSON. Answers JSON; 400 with the reason.
 */
export async function serveControl(
  simulator: LavaSimulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = (status: number, value: unknown): void =>
    answer(response, status, 'application/json', `${JSON.stringify(value)}\n`);
  try {
    const body = (await readBody(request))?.toString() ?? '';
    if (request.method === 'POST') command(simulator, request.url ?? '', body === '' ? {} : JSON.parse(body));
    reply(200, state(simulator));
  } catch (error) {
    reply(400, { error: errorText(error) });
  }
}

function command(simulator: LavaSimulator, url: string, body: unknown): void {
  const [, , what = '', name = ''] = url.split('/');
  switch (what) {
    case 'faults':
      Object.assign(simulator.faults, Faults.partial().parse(body));
      return;
    case 'devices':
      simulator.lab.setDevice(name, DeviceChange.parse(body).health);
      return;
    case 'workers':
      simulator.lab.setWorker(name, WorkerChange.parse(body));
      return;
    case 'cut-events':
      simulator.cutEvents();
      return;
    case 'down': {
      const { ms } = Down.parse(body);
      setTimeout(() => void simulator.setDown(true), 50);
      setTimeout(() => void simulator.setDown(false), 50 + ms);
      return;
    }
    default:
      throw new Error(`no such command: ${url}`);
  }
}

function state({ faults, lab, jobs, calls, callbacks, listeners }: LavaSimulator): unknown {
  return {
    faults,
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
