// `lava-bridge check --send-test`: a job through everything that the running daemon does, a line for each step. It is a test of
// our own: nothing of it is reported.
import { loadBoards } from '../catalog/boards.ts';
import type { BridgeConfig, LabConfig } from '../config/schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import { BridgeError, errorText } from '../core/errors.ts';
import { shippedFolder } from '../core/shipped.ts';
import { DAY, formatDuration, SECOND, sleep } from '../core/time.ts';
import { BoardList, JobDetail, JobRow, PartList, waitingOf } from '../http/shapes.ts';
import { naiveUtc } from '../maestro/changes.ts';
import { createMaestroClient } from '../maestro/client.ts';
import type { Add } from './check-lines.ts';
import { daemonAt, type Daemon } from './common.ts';
import { summaryOf } from './job-text.ts';
import { succeeded } from './jobs.ts';
import { ownRequest } from './own-request.ts';

/** What the test is made of, where it is not to be found out, and how long it may take. */
export interface SendTestOptions {
  board?: string | undefined;
  kernel?: string | undefined;
  limitMs: number;
}

/** What runs: the kernel boots to a shell. */
const PLAN = 'baseline';
/** A callback may come a little after LAVA's event, by which the job was seen to have ended. */
const CALLBACK_GRACE = 15 * SECOND;
const LOOK_EVERY = SECOND;
const RECENT = 3 * DAY;

/** Sends a test job to each lab, one after the other. What goes wrong in one is a failed line. */
export async function sendTests(config: BridgeConfig, options: SendTestOptions, add: Add): Promise<void> {
  const daemon = daemonAt(config);
  for (const lab of config.labs) {
    const what = `${lab.name} test job`;
    try {
      await sendTest({ what, lab, config, daemon, options }, add);
    } catch (error) {
      add({ what, state: 'failed', text: errorText(error) });
    }
  }
}

interface Case {
  what: string;
  lab: LabConfig;
  config: BridgeConfig;
  daemon: Daemon;
  options: SendTestOptions;
}

async function sendTest({ what, lab, config, daemon, options }: Case, add: Add): Promise<void> {
  const begin = Date.now();
  const say: Say = (state, text, at = Date.now()) =>
    add({ what, state, text: `${text} (after ${formatDuration(Math.max(0, at - begin))})` });
  const { board, arch, artifacts } = await choose(lab.name, config, daemon, options);
  say('ok', `${PLAN} on ${board}, with the kernel ${artifacts['kernel'] ?? ''}`);

  const request = ownRequest({ lab: lab.name, board, plan: PLAN, arch, artifacts });
  const answer = await daemon.post('/api/v1/requests', request, { 'x-lava-bridge-source': 'test' });
  const { id } = JobRow.parse(answer);
  const path = `/api/v1/jobs/${encodeURIComponent(id)}`;
  const end = begin + options.limitMs;
  let told = 0;
  let job: JobDetail;
  for (;;) {
    job = JobDetail.parse(await daemon.get(path));
    // The timeline only grows: each step is shown once, when it is seen.
    for (const { kind, text, at } of job.timeline.slice(told))
      if (kind === 'stage') say('ok', `${id}: ${text}`, Date.parse(at));
    told = job.timeline.length;
    if (job.done) break;
    if (Date.now() > end) {
      say(
        'failed',
        `${id} has not ended within ${formatDuration(options.limitMs)}; it ${waitingOf(job)}: ${job.reason ?? 'no reason'}; it is cancelled`,
      );
      await daemon.post(`${path}/cancel`, { reason: 'the time limit of check --send-test' });
      return;
    }
    await sleep(LOOK_EVERY);
  }
  await callback(path, daemon, say);
  await events(lab, daemon, say);
  const passed = succeeded(job);
  say(passed ? 'ok' : 'failed', `verdict: ${job.result ?? job.stage}; ${summaryOf(job)}`);
  if (job.deliveries.length > 0)
    say('failed', `${job.deliveries.length} reports were made of it; none was to be`);
  else say('ok', 'nothing was reported to Maestro or KCIDB');
}

/** `at`: when it happened (ms); now if it is not there. */
type Say = (state: 'ok' | 'failed', text: string, at?: number) => void;

interface Choice {
  board: string;
  arch: string;
  artifacts: Record<string, string>;
}

/** The first board for which there is a kernel. Throws BridgeError `bad_option` if there is none. */
async function choose(
  lab: string,
  config: BridgeConfig,
  daemon: Daemon,
  { board: named, kernel }: SendTestOptions,
): Promise<Choice> {
  const boards = await loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types });
  const fit = named === undefined ? await boardsThatFit(lab, daemon) : [named];
  const archs = new Set<string>();
  for (const board of fit) {
    const { arch } = boards.get(board, lab);
    if (archs.has(arch)) continue;
    const artifacts = kernel === undefined ? await newestBuild(arch, config) : { kernel };
    if (artifacts !== undefined) return { board, arch, artifacts };
    archs.add(arch);
  }
  const text =
    fit.length === 0
      ? `no board of ${lab} that runs ${PLAN} has a device online (see: lava-bridge boards); --board names one`
      : `Maestro has no kernel of the last ${RECENT / DAY} days for ${[...archs].join(', ')}; --kernel names one`;
  throw new BridgeError('bad_option', text);
}

/** Boards that could run the test, those first that have a free device. */
async function boardsThatFit(lab: string, daemon: Daemon): Promise<string[]> {
  const { boards } = BoardList.parse(await daemon.get('/api/v1/boards'));
  return boards
    .filter(
      (one) => one.lab === lab && one.drained === null && (one.online ?? 0) > 0 && one.runs.includes(PLAN),
    )
    .toSorted((a, b) => Number((b.idle ?? 0) > 0) - Number((a.idle ?? 0) > 0))
    .map(({ board }) => board);
}

/** The files of the newest kernel that Maestro has for the architecture; undefined: there is none. */
async function newestBuild(
  arch: string,
  { maestro }: BridgeConfig,
): Promise<Record<string, string> | undefined> {
  if (maestro === undefined)
    throw new BridgeError(
      'bad_option',
      'without Maestro there is no kernel to test with; --kernel names one',
    );
  const { url, token, timeout } = maestro;
  const client = createMaestroClient({ url, token: resolveSecret(token), timeoutMs: timeout });
  const filter = {
    kind: 'kbuild',
    result: 'pass',
    'data.arch': arch,
    created__gt: naiveUtc(Date.now() - RECENT),
  };
  const { nodes } = await client.findNodes(filter, { limit: 100 });
  return nodes
    .filter((node) => node.artifacts['kernel'] !== undefined)
    .toSorted((a, b) => (b.created ?? '').localeCompare(a.created ?? ''))[0]?.artifacts;
}

/** Whether LAVA's callback came: the job ends without it as well, only later. */
async function callback(path: string, daemon: Daemon, say: Say): Promise<void> {
  const end = Date.now() + CALLBACK_GRACE;
  for (;;) {
    const { timeline } = JobDetail.parse(await daemon.get(path));
    const came = timeline.find(({ kind, code }) => kind === 'callback' && code !== 'callback_unread');
    if (came !== undefined) return say('ok', came.text, Date.parse(came.at));
    if (Date.now() > end)
      return say(
        'failed',
        "LAVA's callback did not come: can LAVA's host reach http.public_url (or the lab's callback.url), and does the user have the token? The results came by events or polling",
      );
    await sleep(LOOK_EVERY);
  }
}

/** Whether the daemon hears LAVA's events. */
async function events({ name, lava }: LabConfig, daemon: Daemon, say: Say): Promise<void> {
  if (lava.events === false) return say('ok', 'events: off (lava.events is false)');
  const { parts } = PartList.parse(await daemon.get('/api/v1/parts'));
  const stream = parts.find((part) => part.kind === 'events' && part.name === name);
  if (stream?.status === 'up') return say('ok', "events: the daemon hears LAVA's");
  return say(
    'failed',
    `events: LAVA's are not heard (${stream?.status ?? 'unknown'}${stream?.why ? `: ${stream.why}` : ''}); the job was followed by asking`,
  );
}
