// All that the bridge asks of a LAVA server, in our own types. Calls go over XML-RPC, the one interface that every
// LAVA from 2023.01 on serves alike; one search, where LAVA has it, over REST.
import { z } from 'zod';
import { errorText, PermanentError, RequestError, TemporaryError } from '../core/errors.ts';
import * as answers from './answers.ts';
import { createCheckedCalls, read, to, type CheckedCalls } from './checked-calls.ts';
import { fetchFacts, type LabFacts } from './facts.ts';
import { readLogText } from './log.ts';
import type { LavaJobInfo } from './model.ts';
import { fetchPages } from './results-pages.ts';
import { jobsByMetadata, lastHealthJob } from './rest.ts';
import { createXmlRpcClient, type Outcome, type XmlRpcOptions } from './xmlrpc.ts';

export type { LabFacts } from './facts.ts';

export interface LavaClientOptions extends XmlRpcOptions {
  /** Where LAVA's web pages are: `https://lava.example`, without `/RPC2`. */
  url: string;
}

/** What became of one id that was asked for. */
export type ShownJob =
  | { kind: 'job'; job: LavaJobInfo }
  /** There is no such job, or it may not be seen. */
  | { kind: 'missing'; reason: string }
  /** LAVA failed on this one alone; ask again. */
  | { kind: 'failed'; reason: string };

/** Some whole lines of a job's log. */
interface LogPart {
  /** Whether the job had ended before the lines were read: then nothing more is written. */
  finished: boolean;
  text: string;
  /** How many lines, or records of another log backend, `text` has: the next part starts that much later. */
  lines: number;
  /** Whether a later part may have any. */
  more: boolean;
}

interface MarkSearch {
  /** Ids of own jobs whose name contains the mark, newest first. */
  ids: number[];
  /** Whether all jobs since `sinceId` were seen. If not, "none found" proves nothing of jobs before `oldest`. */
  complete: boolean;
  /** The lowest id that was seen, anybody's. */
  oldest: number | undefined;
}

/**
 * Every method throws TemporaryError when the same call may succeed later; RequestError (`lava_refused`, with LAVA's
 * words) when LAVA refuses what was asked; another PermanentError when the lab's settings are wrong (`lava_auth`,
 * `lava_redirect`, `lava_http`, `lava_version`) or the thing is not there or not for this user (`lava_not_found`,
 * `lava_forbidden`).
 */
export interface LavaClient {
  /** `2023.01`, `2026.07.dev0028`. */
  version: () => Promise<string>;
  /** The user's name, or undefined for an anonymous client. The cheapest check of a token. */
  whoami: () => Promise<string | undefined>;
  /** Whether LAVA sends events, and under which topic. */
  masterConfig: () => Promise<{ events: boolean; topic: string }>;
  /**
   * Submits a definition and returns the job's id. Not to be repeated blindly: after a TemporaryError the job may
   * exist (look for its mark). A multinode definition is cancelled again and refused.
   */
  submit: (definition: string, signal?: AbortSignal) => Promise<number>;
  /** LAVA's own schema check, which is not what submission checks. undefined: valid. */
  validate: (definition: string, strict: boolean) => Promise<{ path: string; message: string } | undefined>;
  /** Asks for many jobs in one request. Has an entry for every id. */
  show: (ids: readonly number[], signal?: AbortSignal) => Promise<Map<number, ShownJob>>;
  /** Cancels a job; true for LAVA also if it has ended. */
  cancel: (id: number) => Promise<void>;
  /** At most `maxLines` lines of the log, from line `startLine` (from 0) on. */
  logs: (id: number, startLine: number, maxLines: number, signal?: AbortSignal) => Promise<LogPart>;
  /** The results as a callback has them: LAVA's YAML text by suite. In bounded pages; one request if these suites are all, and small. */
  fetchResults: (id: number, likely?: readonly string[]) => Promise<Record<string, string>>;
  /** The definition as it was submitted, comments and all. */
  definition: (id: number) => Promise<string>;
  /**
   * Looks for own jobs whose name contains `mark`, newest first, down to `sinceId` (not included). With `nodeId` LAVA is
   * asked for those whose metadata has it (`search by metadata`); without, all jobs are listed.
   */
  findByMark: (
    mark: string,
    where?: { sinceId?: number | undefined; nodeId?: string | undefined },
    signal?: AbortSignal,
  ) => Promise<MarkSearch>;
  /** A device's health and worker, retired ones included; undefined: there is none, or the user may not see it. */
  device: (
    name: string,
    signal?: AbortSignal,
  ) => Promise<{ health: string; worker: string | undefined } | undefined>;
  /** The job that checked the device's health last; null: none did; undefined: LAVA does not tell us. */
  lastHealthJob: (device: string) => Promise<number | null | undefined>;
  /** Devices, workers, tags and queue, in two requests. */
  facts: (signal?: AbortSignal) => Promise<LabFacts>;
  /** Names of the device types that the user may see, with their number of devices. */
  deviceTypes: () => Promise<{ name: string; devices: number }[]>;
  /**
   * The settings of devices, as LAVA gives them to its dispatcher: YAML, by name. Those that the user may not see, or
   * that have none, are left out. They may hold commands and addresses of the lab: not for logs, pages and messages.
   */
  deviceSettings: (names: readonly string[], signal?: AbortSignal) => Promise<Map<string, string>>;
}

/** LAVA's limit of `scheduler.jobs.list`. */
const LIST_PAGE = 100;
/** A search for a mark reads that many jobs at most. */
const LIST_PAGES = 50;
/** LAVA answers these two bytes for a log that is not there yet. */
const NO_LOG_YET = '[]';
/** How the log of LAVA's own files begins: a record is a line there. */
const LINE_BEGIN = '- {';
/** Django's limit of a request (DATA_UPLOAD_MAX_MEMORY_SIZE, which LAVA leaves at its default). */
const MAX_DEFINITION = 2_500_000;

/** Makes a client. Nothing is asked before the first call. */
export function createLavaClient(options: LavaClientOptions): LavaClient {
  const base = options.url.replace(/\/+(RPC2\/*)?$/, '');
  const checked = createCheckedCalls(createXmlRpcClient({ ...options, url: `${base}/RPC2` }));
  const { send, sendAll } = checked;

  async function submit(definition: string, signal?: AbortSignal): Promise<number> {
    if (Buffer.byteLength(definition) > MAX_DEFINITION) {
      throw new RequestError(
        'lava_refused',
        `the definition is larger than ${MAX_DEFINITION} bytes: LAVA takes no such request`,
      );
    }
    const call = to('scheduler.jobs.submit', definition);
    const submitted = await send(answers.Submitted, 'the definition', call, signal);
    if (typeof submitted === 'number') return submitted;
    for (const part of submitted)
      await send(z.unknown(), `job ${part}`, to('scheduler.jobs.cancel', part), signal);
    throw new RequestError(
      'multinode',
      `LAVA made ${submitted.length} jobs of the definition: multinode is not supported`,
    );
  }

  async function validate(definition: string, strict: boolean) {
    const call = to('scheduler.jobs.validate', definition, strict);
    try {
      return await send(answers.Validation, 'the definition', call);
    } catch (error) {
      // YAML that can't be read is an internal error to this method.
      if (error instanceof RequestError) return { path: '', message: errorText(error) };
      throw error;
    }
  }

  async function show(ids: readonly number[], signal?: AbortSignal): Promise<Map<number, ShownJob>> {
    const outcomes = await sendAll(
      ids.map((id) => to('scheduler.jobs.show', id)),
      signal,
    );
    return new Map(ids.map((id, i) => [id, shown(id, outcomes[i])]));
  }

  async function logs(
    id: number,
    startLine: number,
    maxLines: number,
    signal?: AbortSignal,
  ): Promise<LogPart> {
    const call = to('scheduler.jobs.logs', id, startLine, startLine + maxLines);
    try {
      const [finished, data] = await send(answers.Logs, `job ${id}`, call, signal);
      const part = wholeLines(Buffer.from(data).toString('utf8'));
      return { finished, ...part, more: !finished || part.lines >= maxLines };
    } catch (error) {
      const tooLarge = error instanceof TemporaryError && error.code === 'answer_too_large';
      if (!tooLarge || maxLines === 1) throw error;
      return logs(id, startLine, Math.ceil(maxLines / 8), signal);
    }
  }

  async function findByMark(
    mark: string,
    { sinceId = 0, nodeId }: { sinceId?: number | undefined; nodeId?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<MarkSearch> {
    if (nodeId !== undefined) {
      const own = await jobsByMetadata({ signal, ...options, url: base }, ['node_id', nodeId], sinceId);
      const ids = own?.filter(({ description }) => description.includes(mark)).map(({ id }) => id);
      if (ids !== undefined) return { ids, complete: true, oldest: undefined };
    }
    return searchList(checked, { user: options.user, mark, sinceId }, signal);
  }

  return {
    version: () => send(z.string(), 'the version', to('system.version')),
    whoami: async () => (await send(z.string().nullish(), 'the user', to('system.whoami'))) ?? undefined,
    masterConfig: () => send(answers.MasterConfig, 'the configuration', to('system.master_config')),
    submit,
    validate,
    show,
    cancel: async (id) => {
      await send(z.unknown(), `job ${id}`, to('scheduler.jobs.cancel', id));
    },
    logs,
    fetchResults: (id, likely = []) => fetchPages(checked, id, likely),
    definition: (id) => send(z.string(), `job ${id}`, to('scheduler.jobs.definition', id)),
    findByMark,
    device: async (name, signal) => {
      const call = to('scheduler.devices.show', name);
      try {
        return await send(answers.DeviceDetails, `device ${name}`, call, signal);
      } catch (error) {
        if (error instanceof PermanentError && SILENT.has(error.code)) return undefined;
        throw error;
      }
    },
    lastHealthJob: (name) => lastHealthJob({ ...options, url: base }, name),
    facts: (signal) => fetchFacts(checked, signal),
    deviceTypes: () => send(answers.DeviceTypes, 'the device types', to('scheduler.device_types.list')),
    deviceSettings: async (names, signal) => {
      const calls = names.map((name) => to('scheduler.devices.get_dictionary', name, true));
      const outcomes = await sendAll(calls, signal);
      return new Map(names.flatMap((name, i) => settingsOf(name, outcomes[i])));
    },
  };
}

/** Reads the list of all jobs, newest first. */
async function searchList(
  { send }: CheckedCalls,
  { user, mark, sinceId }: { user: string | undefined; mark: string; sinceId: number },
  signal?: AbortSignal,
): Promise<MarkSearch> {
  const found = new Set<number>();
  let oldest: number | undefined;
  for (let page = 0; page < LIST_PAGES; page++) {
    const call = to('scheduler.jobs.list', null, null, page * LIST_PAGE, LIST_PAGE);
    const jobs = await send(answers.JobList, 'the list of jobs', call, signal);
    for (const { id, description, submitter } of jobs) {
      const isOurs = submitter === user && (description ?? '').includes(mark);
      if (isOurs && typeof id === 'number' && id > sinceId) found.add(id);
    }
    const last = jobs.at(-1);
    if (last !== undefined) oldest = Math.trunc(Number(last.id));
    if (jobs.length < LIST_PAGE || last === undefined || Number(last.id) <= sinceId) {
      return { ids: [...found], complete: true, oldest };
    }
  }
  return { ids: [...found], complete: false, oldest };
}

/** Why there may be no settings of a device: it is gone, not visible to us, or LAVA does not say. */
const SILENT = new Set(['lava_not_found', 'lava_forbidden', 'lava_version']);

function settingsOf(name: string, outcome: Outcome | undefined): [string, string][] {
  try {
    const settings = read(answers.Settings, 'scheduler.devices.get_dictionary', outcome);
    return [[name, Buffer.from(settings).toString('utf8')]];
  } catch (error) {
    if (error instanceof PermanentError && SILENT.has(error.code)) return [];
    throw error;
  }
}

function shown(id: number, outcome: Outcome | undefined): ShownJob {
  try {
    return { kind: 'job', job: { ...read(answers.JobInfo, 'scheduler.jobs.show', outcome), id } };
  } catch (error) {
    const gone = error instanceof PermanentError;
    return { kind: gone ? 'missing' : 'failed', reason: errorText(error) };
  }
}

/** Cuts a last line that has no end yet. */
function wholeLines(raw: string): { text: string; lines: number } {
  if (raw === NO_LOG_YET) return { text: '', lines: 0 };
  // Another backend dumps whole records, of several lines each or without a line break (LAVA, logutils.py).
  if (raw !== '' && !raw.startsWith(LINE_BEGIN)) return { text: raw, lines: [...readLogText(raw)].length };
  const text = raw.slice(0, raw.lastIndexOf('\n') + 1);
  return { text, lines: text.split('\n').length - 1 };
}
