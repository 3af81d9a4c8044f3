// `lava-bridge translate`: a LAVA callback's payload → the report that KCIDB or Maestro would be sent. Offline, without
// any config: to see what the bridge makes of a job, and why.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip, gunzipSync } from 'node:zlib';
import { Option, type Command } from 'commander';
import { errorText, PermanentError } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { keepHeapSmall } from '../core/heap.ts';
import { cutString, readString } from '../core/parse/json-string.ts';
import { parseJson } from '../core/parse/json.ts';
import { ParseError, PARSE_LIMITS } from '../core/parse/limits.ts';
import { buildReport, type BuildOfReport, type ReportContext } from '../reporting/kcidb-report.ts';
import { validateReport } from '../kcidb/schema.ts';
import { parseCallback, type LavaCallback } from '../lava/callback.ts';
import { readLog, readLogPieces } from '../lava/log.ts';
import type { LogLine } from '../lava/model.ts';
import type { JobRequest } from '../maestro/request.ts';
import { buildHierarchy, closingPatch } from '../reporting/node-tree.ts';
import { createConsole, type ConsoleFacts } from '../verdict/console.ts';
import { readOutline } from '../definition/definition-summary.ts';
import { explainVerdict } from '../verdict/explanation.ts';
import { judge } from '../verdict/judge.ts';
import type { ExpectedTests, Verdict } from '../verdict/model.ts';
import { printable } from '../core/printable.ts';

export interface TranslateOptions {
  /** LAVA's body; `-` is standard input. Gzip is recognised. */
  callback: string;
  request?: string;
  /** LAVA's log, instead of the payload's. */
  log?: string;
  format: 'kcidb' | 'maestro';
  origin?: string;
  buildId?: string;
  infrastructureStatus: 'ERROR' | 'MISS';
}

/** What is called the lab where no request names one. */
const NO_LAB = 'lava';

export function addTranslate(program: Command): void {
  program
    .command('translate')
    .description("print the report that a LAVA callback's payload becomes")
    .requiredOption('--callback <file>', "LAVA's body, - for standard input (gzip is recognised)")
    .option('--request <file>', 'the request that the job was made for (JSON)')
    .option('--log <file>', "LAVA's log (YAML, also gzip) instead of the payload's")
    .addOption(new Option('--format <format>', 'whose report').choices(['kcidb', 'maestro']).default('kcidb'))
    .option('--explain', 'say on standard error which rule decided, and on what evidence')
    .option('--origin <name>', 'the KCIDB origin (default: lava)')
    .option('--build-id <id>', "the build's KCIDB id, or Maestro's id of the kbuild node")
    .addOption(
      new Option('--infrastructure-status <status>', 'the status of an infrastructure failure')
        .choices(['ERROR', 'MISS'])
        .default('ERROR'),
    )
    .action(async (options: TranslateOptions & { explain?: boolean }) => {
      if (options.log !== undefined) keepHeapSmall();
      const { verdict, report } = await translate(options);
      if (options.explain)
        process.stderr.write(explainVerdict(verdict).split('\n').map(printable).join('\n'));
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    });
}

/** Does the work of the command. Throws BridgeError for what is wrong with the input, missing results among it. */
export async function translate(options: TranslateOptions): Promise<{ verdict: Verdict; report: unknown }> {
  checkNames(options);
  const { callback, log } = await readCallback(options.callback);
  const request = options.request === undefined ? undefined : await readRequest(options.request);
  const { job } = callback;
  const verdict = judge(
    { ending: undefined, lava: job, console: await readConsole(callback, options.log ?? log) },
    request && (await expectedTestsOf(request)),
    { infrastructureStatus: options.infrastructureStatus },
  );
  if (options.format === 'maestro') {
    return { verdict, report: maestroTree(verdict, callback, request) };
  }
  const { report, rejected } = validateReport(buildReport(verdict, contextOf(callback, request, options)));
  if (rejected.length > 0) {
    const all = rejected.map((r) => `${r.list}[${r.index}]: ${r.reasons.join(', ')}`);
    throw new PermanentError('invalid_report', `the report is not valid: ${all.join('; ')}`);
  }
  return { verdict, report };
}

function checkNames({ origin, buildId }: TranslateOptions): void {
  if (origin !== undefined && !/^[a-z0-9_]+$/.test(origin)) {
    throw new PermanentError(
      'bad_origin',
      '--origin: a KCIDB origin has lower-case letters, digits and _ only',
    );
  }
  if (buildId !== undefined && !/^(?:[a-z0-9_]+:[^\0]*|[^:\0]+)$/.test(buildId)) {
    throw new PermanentError(
      'bad_build',
      "--build-id: a build's id is <origin>:<id>, or a kbuild node's 24 hex digits",
    );
  }
}

/** A callback, and its log: piece by piece, for it is most of the body and needed line by line alone. */
async function readCallback(
  file: string,
): Promise<{ callback: LavaCallback; log: Iterable<LogLine[]> | undefined }> {
  const bytes = await readBytes(file);
  const cut = cutString(bytes, 'log');
  const callback = parseCallback(parseBytes(cut?.rest ?? bytes, file));
  // What was cut is empty here, or the body has another log.
  if (cut !== undefined && callback.log === '')
    return { callback, log: readLogPieces(readable(file, readString(cut.string))) };
  const whole = cut === undefined ? callback : parseCallback(parseBytes(bytes, file));
  return { callback: whole, log: whole.log === undefined ? undefined : readLogPieces([whole.log]) };
}

/** `log`: the name of its file, or its lines. */
async function readConsole(
  { job }: LavaCallback,
  log: string | Iterable<LogLine[]> | undefined,
): Promise<ConsoleFacts | undefined> {
  if (log === undefined) return undefined;
  const console = createConsole({ cases: job.cases });
  if (typeof log === 'string') {
    try {
      for await (const lines of readLog(openLog(log))) for (const line of lines) console.line(line);
    } catch (error) {
      throw new PermanentError('unreadable', `${log} cannot be read: ${errorText(error)}`, { cause: error });
    }
  } else for (const lines of log) for (const line of lines) console.line(line);
  return console.end();
}

const CHUNK = 128 * 1024;

/** The file's bytes, gunzipped if they are gzip. */
async function* openLog(file: string): AsyncGenerator<Uint8Array> {
  const source = createReadStream(file, { highWaterMark: CHUNK });
  let packed: boolean | undefined;
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) continue;
    packed ??= isGzip(chunk);
    if (!packed) yield chunk;
    else break;
  }
  if (packed) yield* createReadStream(file, { highWaterMark: CHUNK }).pipe(createGunzip());
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function readJson(file: string): Promise<unknown> {
  return parseBytes(await readBytes(file), file);
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    const bytes = file === '-' ? await readStdin() : await readFile(file);
    return isGzip(bytes) ? gunzipSync(bytes) : bytes;
  } catch (error) {
    throw cannotRead(file, error);
  }
}

function parseBytes(bytes: Buffer, file: string): unknown {
  try {
    return parseJson(bytes.toString('utf8'), PARSE_LIMITS.file);
  } catch (error) {
    throw cannotRead(file, error);
  }
}

function* readable(file: string, pieces: Iterable<string>): Generator<string> {
  try {
    yield* pieces;
  } catch (error) {
    throw cannotRead(file, error);
  }
}

function cannotRead(file: string, error: unknown): PermanentError {
  const name = file === '-' ? 'standard input' : file;
  const code = error instanceof ParseError ? error.code : 'unreadable';
  return new PermanentError(code, `${name} cannot be read: ${errorText(error)}`, { cause: error });
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function readRequest(file: string): Promise<JobRequest> {
  const request = await import('../maestro/request.ts');
  const parsed = request.JobRequest.safeParse(await readJson(file));
  if (parsed.success) return parsed.data;
  const { field, text } = firstIssue(parsed.error);
  throw new PermanentError('bad_request', `${file}: ${text}`, { field });
}

// The shipped files, next to `src` or `dist`.
const SHIPPED = join(import.meta.dirname, '..', '..');

/**
 * What the request asks for, by the shipped plans: there is no config to name others. Without a request nothing of this
 * is needed, and loading it takes half of the start-up's time.
 */
async function expectedTestsOf(request: JobRequest): Promise<ExpectedTests> {
  const [{ loadPlans }, { loadBoards }, { expectedTestsFor }] = await Promise.all([
    import('../catalog/plans.ts'),
    import('../catalog/boards.ts'),
    import('../templates/expected-tests.ts'),
  ]);
  const plans = await loadPlans({ shipped: join(SHIPPED, 'plans') });
  const boards = await loadBoards({ shipped: join(SHIPPED, 'device-types') });
  return { ...expectedTestsFor(request, plans, boards), job: request.node.name };
}

function contextOf(
  { job }: LavaCallback,
  request: JobRequest | undefined,
  options: TranslateOptions,
): ReportContext {
  const origin = options.origin ?? 'lava';
  const { node, kbuild } = request ?? {};
  const data = node?.data;
  return {
    origin,
    lab: data?.runtime ?? NO_LAB,
    key: String(job.id),
    build: buildOf(options.buildId, origin, job.id, kbuild?.id ?? node?.parent ?? undefined),
    lavaId: job.id,
    device: job.device,
    platform: data?.platform ?? (request ? undefined : readOutline(job.definition).deviceType),
    arch: data?.arch ?? undefined,
    compiler: data?.compiler ?? undefined,
    kernelType: data?.kernel_type ?? undefined,
    configName: data?.config_full ?? undefined,
    node: node && { id: node.id, name: node.name, retryCounter: node.retry_counter ?? 0 },
    // The dashboard hides tests without a time: a job that never started has that of its submission.
    startedAt: job.startedAt ?? job.submittedAt,
  };
}

/** Without a build the report stays valid: it names one that KCIDB does not have. */
function buildOf(
  given: string | undefined,
  origin: string,
  lavaId: number,
  kbuild: string | undefined,
): BuildOfReport {
  if (given !== undefined) {
    if (/^[0-9a-f]{24}$/.test(given)) return { kind: 'maestro', nodeId: given };
    return { kind: 'known', id: given.includes(':') ? given : `${origin}:${given}` };
  }
  return kbuild === undefined
    ? { kind: 'known', id: `${origin}:lava-job-${lavaId}` }
    : { kind: 'maestro', nodeId: kbuild };
}

function maestroTree(verdict: Verdict, { job }: LavaCallback, request: JobRequest | undefined): unknown {
  const node = request?.node ?? standIn(job.description);
  const outcome = { jobId: String(job.id), device: job.device, artifacts: {} };
  return {
    node: { ...node, ...closingPatch(verdict, node, outcome), processed_by_kcidb_bridge: true },
    child_nodes: buildHierarchy(verdict, job, node),
  };
}

/** A node where there is no request: nothing of it is Maestro's, but the tree can be shown. */
function standIn(description: string | undefined): JobRequest['node'] {
  const name = description ?? 'lava-job';
  return {
    id: '0'.repeat(24),
    kind: 'job',
    name,
    path: ['checkout', 'kbuild', name],
    state: 'running',
    artifacts: {},
    data: { runtime: NO_LAB },
  };
}
