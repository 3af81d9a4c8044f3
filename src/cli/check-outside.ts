// `lava-bridge check`: all that is elsewhere - Maestro, the labs, KCIDB, the storage.
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { BridgeConfig, KcidbConfig } from '../config/schema.ts';
import { createKcidbClient } from '../kcidb/client.ts';
import { createMaestroClient } from '../maestro/client.ts';
import { createKernelciStorage } from '../storage/kernelci.ts';
import { lavaLab } from './check-lab.ts';
import { attempt, collect, known, type Add, type Line } from './check-lines.ts';

/** All that is elsewhere; asked for at the same time, told in a fixed order. */
export async function outside(config: BridgeConfig): Promise<Line[]> {
  const looks = [
    maestro(config),
    ...config.labs.map((lab) => lavaLab(lab, config)),
    kcidb(config),
    storage(config),
  ];
  return (await Promise.all(looks)).flat();
}

function maestro(config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    if (!config.maestro)
      return add({
        what: 'Maestro',
        state: 'warning',
        text: 'none is configured; requests come by push or by hand',
      });
    const { url, timeout } = config.maestro;
    const token = known(config.maestro.token);
    if (token === undefined) return;
    const client = createMaestroClient({ url, token, timeoutMs: timeout });
    const me = await attempt(
      'Maestro',
      () => client.whoami(),
      (w) => `${url}, as ${w.username}`,
      add,
    );
    if (!me || me.is_superuser === true || me.groups.includes('node:edit:any')) return;
    for (const lab of config.labs) {
      const wanted = [`runtime:${lab.name}:node-editor`, `runtime:${lab.name}:node-admin`];
      if (wanted.some((group) => me.groups.includes(group))) continue;
      add({
        what: 'Maestro',
        state: 'failed',
        text: `${me.username} is not in the group ${wanted[0] ?? ''}: it may not end nodes of ${lab.name}; ask KernelCI's admins`,
      });
    }
  });
}

function kcidb(config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    const { kcidb: target, report } = config;
    if (report.kcidb === 'off' || !target)
      return add({ what: 'KCIDB', state: 'ok', text: 'off: nothing is reported to it by this bridge' });
    const { url, token: source } = target;
    if (url === undefined || source === undefined) return byOtherWay(target, add);
    const token = known(source);
    if (token === undefined) return;
    const client = createKcidbClient({ url, token, timeoutMs: target.timeout });
    await attempt(
      'KCIDB',
      () => client.authtest(),
      () => `${url}, the token is good`,
      add,
    );
  });
}

/** Nobody is asked here, but what would be needed must be there. */
async function byOtherWay({ pubsub, command }: KcidbConfig, add: Add): Promise<void> {
  if (pubsub !== undefined) {
    await attempt(
      'KCIDB',
      () => access(pubsub.credentials, constants.R_OK),
      () => `by Pub/Sub, ${pubsub.project} ${pubsub.topic}`,
      add,
    );
  } else if (command !== undefined) {
    const text = `by the command ${command.join(' ')}`;
    const isThere = await isProgram(command[0] ?? '');
    add({
      what: 'KCIDB',
      state: isThere ? 'ok' : 'failed',
      text: isThere ? text : `${text}: there is no such program`,
    });
  }
}

async function isProgram(name: string): Promise<boolean> {
  const folders = name.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  const tries = folders.map((folder) => access(join(folder, name), constants.X_OK));
  return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
}

function storage(config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    const { storage: target } = config;
    if (target.kind === 'local')
      return add({ what: 'storage', state: 'ok', text: 'logs are kept and served here' });
    const token = known(target.token);
    if (token === undefined) return;
    const remote = createKernelciStorage({
      url: target.url,
      token,
      prefix: target.prefix,
      timeoutMs: target.timeout,
    });
    await attempt(
      'storage',
      () => remote.checkAuth(),
      () => `${target.url}, the token is good`,
      add,
    );
  });
}
