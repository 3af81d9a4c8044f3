// `lava-bridge check`: what an admin wants to know before he starts the daemon, a line each: ok, or what to do.
import type { Command } from 'commander';
import { ConfigError, errorText, formatProblem, type Problem } from '../base/errors.ts';
import { exchange } from '../base/http-client.ts';
import { SECOND } from '../base/time.ts';
import { shippedFolder } from '../base/shipped.ts';
import { loadBoards } from '../boards/registry.ts';
import { loadConfig } from '../config/load.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import { resolveSecret, type SecretSource } from '../config/secrets.ts';
import { createKcidbClient } from '../kcidb/client.ts';
import { createLavaClient, type LavaClient } from '../lava/client.ts';
import { readInventory, supplyOf } from '../lava/inventory.ts';
import { createMaestroClient } from '../maestro/client.ts';
import { loadPlans } from '../plans/registry.ts';
import { createKernelciStorage } from '../storage/kernelci.ts';
import { crossCheck } from '../templates/cross-check.ts';
import { createRenderer } from '../templates/renderer.ts';
import { configOption, jsonOption, print, printJson } from './common.ts';

/** One thing that was looked at. `warning`: it works, and the admin should know. */
interface Line {
  what: string;
  state: 'ok' | 'warning' | 'failed';
  text: string;
}

interface Options {
  config: string;
  offline?: true;
  json?: true;
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description(
      'check configuration, device types, templates and plans; then Maestro, the labs, KCIDB, storage, callbacks',
    )
    .option('--offline', 'ask nobody')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(check);
}

async function check(options: Options): Promise<void> {
  const lines: Line[] = [];
  const add = (line: Line): void => {
    lines.push(line);
    if (!options.json) print(`${MARKS[line.state]}  ${line.what}: ${line.text}`);
  };
  const config = await files(options.config, add);
  if (config && options.offline !== true) for (const line of await outside(config)) add(line);
  if (options.json) printJson({ lines });
  if (lines.some((line) => line.state === 'failed')) process.exitCode = 1;
}

const MARKS: Record<Line['state'], string> = { ok: 'ok     ', warning: 'WARNING', failed: 'FAILED ' };

/** Everything that is on this machine; the configuration if it could be read. */
async function files(file: string, add: (line: Line) => void): Promise<BridgeConfig | undefined> {
  const config = await attempt(
    'configuration',
    () => loadConfig(file),
    () => file,
    add,
  );
  if (!config) return undefined;
  const own = (name: 'device_types' | 'plans' | 'job_templates'): string =>
    config[name] ?? 'none of your own';
  const boards = await attempt(
    'device types',
    () => loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types }),
    (b) => `${b.names().length} boards (${own('device_types')})`,
    add,
  );
  const plans = await attempt(
    'plans',
    () => loadPlans({ shipped: shippedFolder('plans'), own: config.plans }),
    (p) => `${p.names().length} plans (${own('plans')})`,
    add,
  );
  const renderer = await attempt(
    'job templates',
    () => createRenderer({ shipped: shippedFolder('job-templates'), own: config.job_templates }),
    (r) =>
      `${r.names('boot').length} boot methods, ${r.names('test').length} kinds of tests (${own('job_templates')})`,
    add,
  );
  if (boards && plans && renderer) {
    for (const problem of crossCheck({ boards, plans, renderer }))
      add({ what: 'job templates', state: 'failed', text: formatProblem(problem) });
  }
  for (const [what, secret] of secretsOf(config)) {
    await attempt(
      what,
      async () => resolveSecret(secret),
      () => 'found',
      add,
    );
  }
  return boards && plans && renderer ? config : undefined;
}

function secretsOf(config: BridgeConfig): [string, SecretSource][] {
  const secrets: [string, SecretSource | undefined][] = [
    ['maestro.token', config.maestro?.token],
    ['kcidb.token', config.kcidb?.token],
    ['http.token', config.http.token],
    ['storage.token', config.storage.kind === 'kernelci-storage' ? config.storage.token : undefined],
    ...config.labs.flatMap((lab): [string, SecretSource][] => [
      [`${lab.name} lava.token`, lab.lava.token],
      [`${lab.name} callback.token`, lab.callback.token],
    ]),
  ];
  return secrets.flatMap(([what, secret]) =>
    secret === undefined ? [] : [[what, secret] as [string, SecretSource]],
  );
}

/** Runs one look; a thrown error becomes a failed line (a ConfigError one for each problem). */
async function attempt<T>(
  what: string,
  look: () => Promise<T>,
  text: (value: T) => string,
  add: (line: Line) => void,
): Promise<T | undefined> {
  try {
    const value = await look();
    add({ what, state: 'ok', text: text(value) });
    return value;
  } catch (error) {
    const problems: (Problem | undefined)[] =
      error instanceof ConfigError ? [...error.problems] : [undefined];
    for (const problem of problems) {
      const place = problem
        ? [problem.file, problem.line, problem.column].filter((v) => v !== undefined).join(':')
        : '';
      add({ what, state: 'failed', text: problem ? `${place}: ${problem.message}` : errorText(error) });
    }
    return undefined;
  }
}

/** All that is elsewhere; asked for at the same time, told in a fixed order. */
async function outside(config: BridgeConfig): Promise<Line[]> {
  const looks = [
    maestro(config),
    ...config.labs.map((lab) => lavaLab(lab, config)),
    kcidb(config),
    storage(config),
  ];
  return (await Promise.all(looks)).flat();
}

async function collect(work: (add: (line: Line) => void) => Promise<void>): Promise<Line[]> {
  const lines: Line[] = [];
  await work((line) => lines.push(line));
  return lines;
}

function maestro(config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    if (!config.maestro)
      return add({
        what: 'Maestro',
        state: 'warning',
        text: 'none is configured; requests come by push or by hand',
      });
    const { url, token, timeout } = config.maestro;
    const client = createMaestroClient({ url, token: resolveSecret(token), timeoutMs: timeout });
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

function lavaLab(lab: LabConfig, config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    const { url, user, token, timeout } = lab.lava;
    const client = createLavaClient({ url, user, token: resolveSecret(token), timeoutMs: timeout });
    const version = await attempt(
      lab.name,
      () => client.version(),
      (v) => `${url}, LAVA ${v}`,
      add,
    );
    if (version === undefined) return;
    const who = await attempt(
      lab.name,
      () => client.whoami(),
      (name) => `the token is good for ${name ?? 'nobody'}`,
      add,
    );
    if (who === undefined) return;
    await events(lab, client, add);
    await devices(lab, client, config.device_types, add);
    await callbacks(lab, config, add);
  });
}

async function events(lab: LabConfig, client: LavaClient, add: (line: Line) => void): Promise<void> {
  if (lab.lava.events === false) return;
  const master = await attempt(
    lab.name,
    () => client.masterConfig(),
    (m) => `events are ${m.events ? 'on' : 'off'}`,
    add,
  );
  if (master && !master.events) {
    add({
      what: lab.name,
      state: 'warning',
      text: 'LAVA sends no events (EVENT_NOTIFICATION); callbacks and the poll do their work',
    });
  }
}

async function devices(
  lab: LabConfig,
  client: LavaClient,
  own: string | undefined,
  add: (line: Line) => void,
): Promise<void> {
  const inventory = await attempt(
    lab.name,
    () => readInventory(client),
    (i) => `${i.boards.length} devices`,
    add,
  );
  if (!inventory) return;
  const boards = await loadBoards({ shipped: shippedFolder('device-types'), own });
  const types = new Set(inventory.boards.map((b) => b.type));
  const used = new Set(boards.names().flatMap((name) => boards.find(name, lab.name)?.lava_device_type ?? []));
  for (const type of [...types].toSorted()) {
    const { total, online, reasons } = supplyOf(inventory, type);
    const known = used.has(type) ? '' : '; no board uses this device type (docs/boards.md)';
    add({
      what: lab.name,
      state: online === 0 ? 'warning' : 'ok',
      text: `${type}: ${online} of ${total} online${online === 0 ? ` (${reasons.join('; ')})` : ''}${known}`,
    });
  }
}

/** Whether the address that LAVA gets leads to us; whether it does from LAVA's side only LAVA can tell. */
async function callbacks(lab: LabConfig, config: BridgeConfig, add: (line: Line) => void): Promise<void> {
  const base = lab.callback.url ?? config.http.public_url;
  if (base === undefined) return;
  const answer = await exchange({
    method: 'POST',
    url: `${base}/callback/${lab.name}/check`,
    headers: {
      'content-type': 'application/json',
      [lab.callback.header.toLowerCase()]: resolveSecret(lab.callback.token),
    },
    body: '{}',
    timeoutMs: 10 * SECOND,
  }).catch((error: unknown) => errorText(error));
  const what = `${lab.name} callbacks`;
  if (typeof answer === 'string') {
    add({
      what,
      state: 'warning',
      text: `${base} does not answer from here (${answer}); if the daemon runs, LAVA will not reach it either, and results come by the poll alone`,
    });
  } else if (answer.status === 404) {
    add({ what, state: 'ok', text: `${base} leads to this bridge, and it takes the token` });
  } else if (answer.status === 401) {
    add({
      what,
      state: 'failed',
      text: `${base} leads to a bridge that does not take callback.token; was it changed since the daemon started?`,
    });
  } else {
    add({
      what,
      state: 'warning',
      text: `${base} answers ${answer.status}, as no lava-bridge does; is callback.url right?`,
    });
  }
}

function kcidb(config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    const { kcidb: target, report } = config;
    if (report.kcidb === 'off' || !target)
      return add({ what: 'KCIDB', state: 'ok', text: 'off: nothing is reported to it by this bridge' });
    const { url, token } = target;
    if (url === undefined || token === undefined) {
      return add({
        what: 'KCIDB',
        state: 'ok',
        text: target.command ? `by the command ${target.command.join(' ')}` : 'by Pub/Sub',
      });
    }
    const client = createKcidbClient({ url, token: resolveSecret(token), timeoutMs: target.timeout });
    await attempt(
      'KCIDB',
      () => client.authtest(),
      () => `${url}, the token is good`,
      add,
    );
  });
}

function storage(config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    const { storage: target } = config;
    if (target.kind === 'local')
      return add({ what: 'storage', state: 'ok', text: 'logs are kept and served here' });
    const remote = createKernelciStorage({
      url: target.url,
      token: resolveSecret(target.token),
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
