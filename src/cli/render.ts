// `lava-bridge render`: requests → LAVA job definitions, without a daemon, without secrets. One request's definition is
// printed as it is; a batch is one JSON line in, one JSON line out, in order.
import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import type { ErrorCode } from '../core/error-codes.ts';
import { BridgeError, errorText, RequestError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { parseJson, tryJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import { shippedFolder } from '../core/shipped.ts';
import { loadBoards } from '../catalog/boards.ts';
import { DEFAULT_CONFIG, loadConfig } from '../config/load.ts';
import { DefinitionsConfig, FetchConfig } from '../config/schema.ts';
import { createMetadataReader } from '../intake/build-metadata.ts';
import { JobRequest } from '../maestro/request.ts';
import { loadPlans } from '../catalog/plans.ts';
import type { RenderLabConfig } from '../templates/input.ts';
import { makeDefinition, type Workshop } from '../templates/make.ts';
import { createRenderer, type Rendered } from '../templates/renderer.ts';
import { configOption, jsonOption, printJson } from './common.ts';
import { textLines } from './lines.ts';

interface Options {
  request?: string;
  batch?: string;
  config: string;
  json?: true;
}

export function addRender(program: Command): void {
  program
    .command('render')
    .description('print the LAVA definition of a request, or of many')
    .option('--request <file>', 'a request, JSON ("-": standard input)')
    .option(
      '--batch <file>',
      'many: a line {"id","node","kbuild"[,"definition" or "definition_yaml"]} each ("-": standard input)',
    )
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: Options, command: Command) => {
      if ((options.request === undefined) === (options.batch === undefined)) {
        command.error('error: one of --request and --batch is needed');
      }
      const bench = await setUp(options.config, command.getOptionValueSource('config') === 'cli');
      if (options.request !== undefined) await renderOne(options.request, bench, options.json === true);
      else await renderBatch(options.batch ?? '-', bench);
    });
}

/** All that rendering needs. */
export interface Bench extends Workshop {
  lab: (name: string) => RenderLabConfig | undefined;
}

/** What renders with a configuration; without one (`isGiven`: it was asked for), with the shipped files. */
export async function setUp(file: string, isGiven: boolean): Promise<Bench> {
  const config = isGiven || (await exists(file)) ? await loadConfig(file) : undefined;
  if (config === undefined) {
    process.stderr.write(
      `lava-bridge: no ${DEFAULT_CONFIG}: with the shipped files, and a lab called as the node's runtime (--config FILE names another)\n`,
    );
  }
  const [boards, plans, renderer] = await Promise.all([
    loadBoards({ shipped: shippedFolder('device-types'), own: config?.device_types }),
    loadPlans({ shipped: shippedFolder('plans'), own: config?.plans }),
    createRenderer({ shipped: shippedFolder('job-templates'), own: config?.job_templates }),
  ]);
  const { timeout, max_size, max_redirects, networks } = config?.fetch ?? FetchConfig.parse({});
  const limits = {
    timeoutMs: timeout,
    maxBytes: max_size,
    maxRedirects: max_redirects,
    networks,
  };
  return {
    config: config ?? {
      instance: 'lava-bridge',
      metadata: {},
      http: { public_url: undefined },
      uploads: undefined,
      fetch: FetchConfig.parse({}),
    },
    lab: (name) => (config === undefined ? madeUpLab(name) : config.labs.find((lab) => lab.name === name)),
    boards,
    plans,
    renderer,
    dtbs: createMetadataReader(limits, { kept: 1000, keepFailures: true }),
  };
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Without a configuration: what a lab has if its section says nothing. */
function madeUpLab(name: string): RenderLabConfig {
  return {
    name,
    lava: { priority: { min: 0, max: 100 } },
    callback: { token_name: 'lava-bridge', header: 'Authorization', url: 'http://127.0.0.1:8480' },
    limits: { queue_timeout: 2 * 86_400_000 },
    definitions: DefinitionsConfig.parse({}),
  };
}

/** The definition of a request. Throws RequestError if it cannot be run. */
export async function renderRequest(value: unknown, bench: Bench): Promise<Rendered> {
  const request = parseRequest(value);
  const { runtime } = request.node.data;
  const lab = bench.lab(runtime ?? '');
  if (lab === undefined || !runtime) {
    throw new RequestError(
      'unknown_runtime',
      `there is no lab ${JSON.stringify(runtime ?? null)} in the configuration`,
      { field: 'node.data.runtime' },
    );
  }
  return makeDefinition(request, lab, bench);
}

function parseRequest(value: unknown): JobRequest {
  const parsed = JobRequest.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, text } = firstIssue(parsed.error);
  throw new RequestError('bad_request', text, { field });
}

async function renderOne(file: string, bench: Bench, json: boolean): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of openInput(file)) chunks.push(z.instanceof(Buffer).parse(chunk));
  const request = readRequest(Buffer.concat(chunks).toString('utf8'), `${file}: `);
  const rendered = await renderRequest(request, bench);
  for (const field of rendered.unread)
    process.stderr.write(`lava-bridge: note: ${field} is read by nothing\n`);
  if (json) printJson(rendered);
  else process.stdout.write(rendered.definition);
}

function openInput(file: string): NodeJS.ReadableStream {
  return file === '-' ? process.stdin : createReadStream(file);
}

/** `where` stands before the message. */
function readRequest(text: string, where = ''): unknown {
  try {
    return parseJson(text, PARSE_LIMITS.file);
  } catch (error) {
    throw new RequestError('bad_json', `${where}${errorText(error)}`);
  }
}

/** Lines that are under way at a time; those that wait for a build's metadata do not hold up the others. */
const UNDER_WAY = 64;
/** Lines that are put out at a time. */
const TOGETHER = 16;
const MAX_LINE = 16 * 1024 * 1024;

async function renderBatch(file: string, bench: Bench): Promise<void> {
  const queue: Promise<string>[] = [];
  const flush = async (): Promise<void> => {
    const lines = await Promise.all(queue.splice(0, TOGETHER));
    if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain');
  };
  for await (const line of textLines(openInput(file), MAX_LINE)) {
    queue.push(renderLine(line, bench));
    if (queue.length >= UNDER_WAY) await flush();
  }
  while (queue.length > 0) await flush();
}

const BatchLine = z.record(z.string(), z.unknown());
const WithId = z.object({ id: z.string() });

/** One line of a batch. Never throws: what is wrong with a line is said in its place. */
async function renderLine(line: string | undefined, bench: Bench): Promise<string> {
  let id: unknown = null;
  try {
    if (line === undefined) throw new RequestError('too_large', `the line is longer than ${MAX_LINE} bytes`);
    id = idIn(line);
    const value = readRequest(line);
    const { id: own, ...request } = BatchLine.parse(value);
    id = own ?? nodeId(request) ?? null;
    const { definition } = await renderRequest(request, bench);
    return JSON.stringify({ id, definition });
  } catch (error) {
    return JSON.stringify({ id, error: shownError(error) });
  }
}

/** The id of a line that is no JSON as a whole: it mostly stands at the beginning. */
function idIn(line: string): unknown {
  const text = /^\s*\{\s*"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,15})/.exec(line)?.[1];
  return text === undefined ? null : (tryJson(text, PARSE_LIMITS.file) ?? null);
}

function nodeId(request: Record<string, unknown>): unknown {
  return WithId.safeParse(request['node']).data?.id;
}

function shownError(error: unknown): { code: ErrorCode; message: string; field?: string } {
  if (error instanceof BridgeError) {
    const { code, message, field } = error;
    return field === undefined ? { code, message } : { code, message, field };
  }
  if (error instanceof z.ZodError) return { code: 'bad_request', message: 'the line is no JSON object' };
  return { code: 'internal', message: errorText(error) };
}
