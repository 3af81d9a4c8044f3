// What the simulated lab says of one device and one worker.
import type { Lab } from './lab.ts';
import { RpcFault, WireTime, type WireValue } from './xmlrpc-answer.ts';

/** `scheduler.devices.show`. */
export function showDevice(lab: Lab, name: unknown): WireValue {
  const device = lab.devices.get(String(name));
  if (!device) throw new RpcFault(404, `Device '${String(name)}' was not found.`);
  return {
    hostname: device.name,
    device_type: device.type,
    health: device.health,
    state: device.state,
    health_job: false,
    description: null,
    pipeline: true,
    has_device_dict: true,
    worker: device.worker,
    current_job: device.job ?? null,
    tags: device.tags,
  };
}

/** `scheduler.workers.show`. */
export function showWorker(lab: Lab, name: unknown): WireValue {
  const worker = lab.workers.get(String(name));
  if (!worker) throw new RpcFault(404, `Worker '${String(name)}' was not found.`);
  if (worker.hidden === true) {
    throw new RpcFault(403, `Worker '${worker.name}' not available to user 'bridge'.`);
  }
  const devices = [...lab.devices.values()].filter((d) => d.worker === worker.name).map((d) => d.name);
  return {
    hostname: worker.name,
    description: 'lab worker',
    state: worker.state,
    health: worker.health,
    devices,
    last_ping: new WireTime(Date.now()),
    job_limit: worker.jobLimit,
    version: lab.age.version,
    default_config: false,
    default_env: true,
    default_env_dut: true,
  };
}
