// `lava-bridge check`: a lab's LAVA, its events and devices, and the way of its callbacks.
import { errorText, formatProblem } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { exchange } from '../core/http-exchange.ts';
import { shippedFolder } from '../core/shipped.ts';
import { formatDuration, MINUTE, SECOND } from '../core/time.ts';
import { loadBoards, type Boards } from '../catalog/boards.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import { LabList } from '../http/shapes.ts';
import { createLavaClient, type LavaClient } from '../lava/client.ts';
import { eventsUrl, followLavaEvents } from '../lava/events.ts';
import { lavaHas, lavaSince } from '../lava/features.ts';
import { readInventory, supplyOf } from '../lava/inventory.ts';
import { attempt, collect, known, type Add, type Line } from './check-lines.ts';
import { daemonAt } from './common.ts';

export function lavaLab(lab: LabConfig, config: BridgeConfig): Promise<Line[]> {
  return collect(async (add) => {
    await lava(lab, config, add);
    await callbacks(lab, config, add);
  });
}

async function lava(lab: LabConfig, config: BridgeConfig, add: Add): Promise<void> {
  const { url, user, timeout } = lab.lava;
  const token = known(lab.lava.token);
  if (token === undefined) return;
  const client = createLavaClient({ url, user, token, timeoutMs: timeout });
  const version = await attempt(
    lab.name,
    () => client.version(),
    (v) => `${url}, LAVA ${v}`,
    add,
  );
  if (version === undefined) return;
  add({
    what: `${lab.name} callbacks`,
    state: 'ok',
    text: lavaHas('private callback token', version)
      ? 'this LAVA keeps their token private: a callback counts as evidence, unless two of a job differ'
      : `this LAVA (before ${lavaSince('private callback token')}) shows their token to everybody who may see a job: a callback only says when to ask, and all evidence is fetched`,
  });
  if (lavaHas('remote artifact token in callbacks', version)) await callbackToken(lab, add);
  const who = await attempt(
    lab.name,
    () => client.whoami(),
    (name) => `the token is accepted, for user ${name ?? '(none)'}`,
    add,
  );
  if (who === undefined) return;
  await clock(lab, add);
  await events(lab, client, add);
  await devices(lab, client, config.device_types, add);
}

/** A token that need not open LAVA's API should not. */
async function callbackToken({ name, lava, callback }: LabConfig, add: Add): Promise<void> {
  const token = known(callback.token);
  if (token === undefined) return;
  const client = createLavaClient({ url: lava.url, user: lava.user, token, timeoutMs: lava.timeout });
  const user = await client.whoami().catch(() => undefined);
  if (user === undefined) return;
  add({
    what: `${name} callbacks`,
    state: 'warning',
    text: `callback.token opens LAVA's API for ${user}: make it a remote artifact token of the same name (on ${user}'s profile page in LAVA), which opens nothing, and delete the API token`,
  });
}

/** Of two clocks that differ, times in reports and in the log do not fit together, and https may fail. */
async function clock({ name, lava }: LabConfig, add: Add): Promise<void> {
  const answer = await exchange({ url: `${lava.url}/`, timeoutMs: 10 * SECOND }).catch(() => undefined);
  const theirs = Date.parse(String(answer?.headers['date'] ?? ''));
  const apart = Math.abs(Date.now() - theirs);
  if (!(apart > MOST_APART)) return;
  const text = `the clocks of LAVA and of this machine are ${formatDuration(apart)} apart; is there time synchronization on both?`;
  add({ what: name, state: 'warning', text });
}

const MOST_APART = MINUTE;

async function events(lab: LabConfig, client: LavaClient, add: Add): Promise<void> {
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
  if (master?.events !== true) return;
  const url = lab.lava.events ?? eventsUrl(lab.lava.url);
  const problem = await tryEvents(lab, url);
  add(
    problem === undefined
      ? { what: lab.name, state: 'ok', text: `${url} can be followed` }
      : {
          what: lab.name,
          state: 'warning',
          text: `${url} can't be followed (${problem}); is lava.events right? Without it callbacks and the poll do its work`,
        },
  );
}

/** What keeps the event stream from being followed; undefined: nothing. */
function tryEvents({ lava }: LabConfig, url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const stream = followLavaEvents({
      url,
      user: lava.user,
      token: known(lava.token),
      pingMs: 5 * SECOND,
      onConnected: () => end(undefined),
      onLost: (reason) => end(reason),
      onEvent: () => undefined,
      onQuiet: () => undefined,
    });
    function end(problem: string | undefined): void {
      stream.stop();
      resolve(problem);
    }
  });
}

async function devices(lab: LabConfig, client: LavaClient, own: string | undefined, add: Add): Promise<void> {
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
  for (const board of boards.names()) ownBoard(board, boards, lab.name, types, add);
  for (const type of [...types].toSorted()) {
    const { total, online, unseen, reasons } = supplyOf(inventory, type);
    const unknown =
      unseen === 0
        ? ''
        : `; whether the workers of ${unseen} of them are up is not known: our user may not see them (view_worker)`;
    const known = used.has(type) ? '' : '; no board uses this device type (docs/boards.md)';
    add({
      what: lab.name,
      state: online === 0 ? 'warning' : 'ok',
      text: `${type}: ${online} of ${total} online${online === 0 ? ` (${reasons.join('; ')})` : ''}${unknown}${known}`,
    });
  }
}

/** A board of the admin's own that this lab is to have is of a device type that LAVA has, or waits for ever. */
function ownBoard(name: string, boards: Boards, lab: string, types: ReadonlySet<string>, add: Add): void {
  const board = boards.find(name, lab);
  if (board === undefined || !board.own || types.has(board.lava_device_type)) return;
  const problem = boards.problem(
    name,
    ['lava_device_type'],
    'unknown_reference',
    `${lab} has no device type ${board.lava_device_type}${didYouMean(board.lava_device_type, types)}; jobs for ${name} wait until it has, or until \`labs\` in the file leaves ${lab} out`,
  );
  add({ what: lab, state: 'warning', text: formatProblem(problem) });
}

/** Whether the address that LAVA gets leads to us; whether it does from LAVA's side, only LAVA knows. */
async function callbacks(lab: LabConfig, config: BridgeConfig, add: Add): Promise<void> {
  const base = lab.callback.url ?? config.http.public_url;
  const token = known(lab.callback.token);
  if (base === undefined || token === undefined) return;
  const answer = await exchange({
    method: 'POST',
    url: `${base}/callback/${lab.name}/check`,
    headers: {
      'content-type': 'application/json',
      [lab.callback.header.toLowerCase()]: token,
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
    const fault = await callbackFault(lab, config);
    if (fault !== undefined) add({ what, state: 'failed', text: fault });
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
      text: `${base} answers ${answer.status}, as no lava-bridge does; is http.public_url (or the lab's callback.url) right?`,
    });
  }
}

/** What the running daemon found: only LAVA can say what it sends, and whether it does. */
async function callbackFault(lab: LabConfig, config: BridgeConfig): Promise<string | undefined> {
  try {
    const { labs } = LabList.parse(await daemonAt(config).get('/api/v1/labs'));
    return labs.find(({ name }) => name === lab.name)?.callbacks ?? undefined;
  } catch {
    return undefined;
  }
}
