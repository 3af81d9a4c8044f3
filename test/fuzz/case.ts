// One case of the fuzzing: a real callback, damaged, goes the ways that it goes in `translate` and in the daemon. What
// comes out must be a document that KCIDB takes, a tree that Maestro takes and a page that a browser may show, or else a
// refusal in our own words.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BridgeError } from '../../src/core/errors.ts';
import { translate } from '../../src/cli/translate.ts';
import { buildReport } from '../../src/reporting/kcidb-report.ts';
import { KcidbReport, validateReport } from '../../src/kcidb/schema.ts';
import { parseCallback } from '../../src/lava/callback.ts';
import { htmlLog } from '../../src/lava/log-html.ts';
import { consoleText, fullText } from '../../src/lava/log-text.ts';
import { readLogText } from '../../src/lava/log.ts';
import type { LavaJob } from '../../src/lava/model.ts';
import { NODE_RESULTS } from '../../src/verdict/node-result.ts';
import type { HierarchyNode } from '../../src/reporting/node-tree.ts';
import { createConsole } from '../../src/verdict/console.ts';
import { explainVerdict } from '../../src/verdict/explanation.ts';
import { judge } from '../../src/verdict/judge.ts';
import { STATUSES, type Verdict } from '../../src/verdict/model.ts';
import { RULES } from '../../src/verdict/rules.ts';
import { below, damageObject, damageText, isObject, pick, seeded, type Random } from './mutate.ts';

export interface Material {
  /** Bodies of callbacks, of finished jobs. */
  bodies: readonly Record<string, unknown>[];
  request: Record<string, unknown>;
  /** KCIDB's own JSON schema, where it is at hand; true if it takes the document. */
  jsonSchema: ((document: unknown) => boolean) | undefined;
  /** For the files of a case. */
  folder: string;
}

export interface CaseOutcome {
  /** Reports that came out, and the codes of refusals. */
  said: string[];
  /** What must not be; empty if all is well. */
  faults: string[];
  /** Characters of the input. */
  size: number;
}

/** The damaged input of a case. */
interface Input {
  body: string;
  log: string | undefined;
  request: string | undefined;
}

export async function runCase(seed: number, material: Material): Promise<CaseOutcome> {
  const next = seeded(seed);
  const input = damage(next, material);
  const files = await writeInput(input, next, material.folder);
  const outcome: CaseOutcome = {
    said: [],
    faults: [],
    size: input.body.length + (input.log?.length ?? 0),
  };
  const way = async (name: string, walk: () => Promise<string[]> | string[]): Promise<void> => {
    try {
      const faults = await walk();
      outcome.said.push(name);
      outcome.faults.push(...faults.map((fault) => `${name}: ${fault}`));
    } catch (error) {
      const expected = error instanceof BridgeError && error.code !== 'invalid_report';
      if (expected) outcome.said.push(`${name} ${error.code}`);
      else
        outcome.faults.push(
          `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
    }
  };
  const options = { ...files, infrastructureStatus: next() < 0.5 ? ('ERROR' as const) : ('MISS' as const) };
  if (seed % 2 === 0) {
    await way('kcidb', async () => {
      const { verdict, report } = await translate({ ...options, format: 'kcidb' });
      return [...faultsOfVerdict(verdict), ...faultsOfReport(report, material.jsonSchema)];
    });
  } else {
    await way('maestro', async () =>
      faultsOfTree((await translate({ ...options, format: 'maestro' })).report as HierarchyNode),
    );
  }
  await way('daemon', () => asDaemon(input, material.jsonSchema));
  await way('logs', () => faultsOfPages(input.log ?? logOf(input.body)));
  return outcome;
}

function damage(next: Random, material: Material): Input {
  const body: Record<string, unknown> = { ...pick(next, material.bodies) };
  const results = isObject(body['results']) ? { ...body['results'] } : {};
  const kind = below(next, 8);
  if (kind <= 3 && typeof body['log'] === 'string') body['log'] = damageText(body['log'], next);
  if (kind === 1 || kind === 3 || kind === 4) {
    const suite = Object.keys(results)[below(next, Object.keys(results).length)];
    const text = suite === undefined ? undefined : results[suite];
    if (suite !== undefined && typeof text === 'string') results[suite] = damageText(text, next);
    body['results'] = results;
  }
  if (kind === 2 || kind === 3) body['definition'] = damageText(String(body['definition']), next);
  const whole = kind >= 5 ? damageObject(body, next) : body;
  const json = JSON.stringify(whole);
  const request = next() < 0.4 ? material.request : undefined;
  return {
    body: kind === 7 && next() < 0.3 ? damageText(json, next) : json,
    log: next() < 0.2 ? damageText(typeof body['log'] === 'string' ? body['log'] : '', next) : undefined,
    request: request && JSON.stringify(next() < 0.5 ? request : damageObject(request, next)),
  };
}

async function writeInput(
  { body, log, request }: Input,
  next: Random,
  folder: string,
): Promise<{ callback: string; log?: string; request?: string }> {
  const put = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, next() < 0.2 ? gzipSync(text, { level: 1 }) : text);
    return file;
  };
  return {
    callback: await put('callback.json', body),
    ...(log === undefined ? {} : { log: await put('log.yaml', log) }),
    ...(request === undefined ? {} : { request: await put('request.json', request) }),
  };
}

/** As the stages of a job do it: the callback is read, kept as JSON, read again and judged with the stored log. */
function asDaemon({ body, log }: Input, jsonSchema: Material['jsonSchema']): string[] {
  const told = parseCallback(JSON.parse(body === '' ? 'null' : parsable(body)));
  const stored = JSON.parse(JSON.stringify(told.job)) as LavaJob;
  const console = createConsole({ cases: stored.cases });
  for (const line of readLogText(log ?? told.log ?? '')) console.line(line);
  const verdict = judge(
    { ending: undefined, lava: stored, console: console.end(), complete: true },
    { bootPath: 'boot', roots: [], helpers: [] },
    { infrastructureStatus: 'ERROR' },
  );
  const report = buildReport(verdict, {
    origin: 'mylab',
    lab: 'lava-mylab',
    key: String(stored.id),
    build: { kind: 'maestro', nodeId: '66c0ffee0000000000000002' },
    lavaUrl: 'http://lava.example/prefix/',
    lavaId: stored.id,
    device: stored.device,
    platform: stored.device,
    compatible: [stored.description ?? '', 'vendor,board'],
    node: { id: '66c0ffee0000000000000003', name: stored.description ?? 'job', retryCounter: 1 },
    startedAt: stored.startedAt,
    logUrl: `http://files.example/${stored.description ?? ''}`,
    outputFiles: [{ name: stored.description ?? 'x', url: `http://files.example/${stored.device ?? ''}` }],
    attempts: [{ lavaId: stored.id, device: stored.device, outcome: stored.failureComment ?? 'none' }],
  });
  const { rejected } = validateReport(report);
  return [
    ...faultsOfVerdict(verdict),
    ...rejected.map(({ list, id, reasons }) => `${list} ${id ?? ''} refused: ${reasons.join(', ')}`),
    ...faultsOfReport(report, jsonSchema),
  ];
}

/** What is no JSON is refused before anything of ours sees it. */
function parsable(body: string): string {
  try {
    JSON.parse(body);
    return body;
  } catch {
    throw new BridgeError('unreadable', 'not JSON');
  }
}

function faultsOfVerdict(verdict: Verdict): string[] {
  const faults: string[] = [];
  const roots = [verdict.boot, ...verdict.roots];
  if (!RULES.some((rule) => rule.name === verdict.rule)) faults.push(`rule ${verdict.rule}`);
  for (const test of roots.flatMap((root) => [root, ...root.leaves])) {
    if (!STATUSES.includes(test.status)) faults.push(`${test.path} has no status`);
  }
  if (/[\0-\x09\x0b-\x1f\x7f-\x9f]/.test(explainVerdict(verdict)))
    faults.push('control characters in the explanation');
  return faults;
}

function faultsOfReport(report: unknown, jsonSchema: Material['jsonSchema']): string[] {
  const text = JSON.stringify(report);
  const faults = faultsOfText(text, 'the report');
  const parsed = KcidbReport.safeParse(JSON.parse(text));
  if (!parsed.success) return [...faults, `invalid: ${parsed.error.message.slice(0, 500)}`];
  if (jsonSchema?.(JSON.parse(text)) === false) faults.push("KCIDB's JSON schema refuses it");
  const { tests = [], issues = [], incidents = [] } = parsed.data;
  for (const list of [tests, issues, incidents]) {
    if (new Set(list.map(({ id }) => id)).size < list.length) faults.push('an id stands twice');
  }
  const [known, issued] = [new Set(tests.map((t) => t.id)), new Set(issues.map((i) => i.id))];
  if (incidents.some((i) => !known.has(i.test_id ?? '') || !issued.has(i.issue_id))) {
    faults.push('an incident of nothing');
  }
  if (tests.some((t) => t.status === undefined)) faults.push('a test without a status');
  return faults;
}

/** Neither PostgreSQL nor the REST service takes NUL or half a character. */
function faultsOfText(text: string, what: string): string[] {
  return text.isWellFormed() && !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i.test(text)
    ? []
    : [`NUL or half characters in ${what}`];
}

/** The node itself is as the request had it. */
function faultsOfTree({ node, child_nodes }: HierarchyNode): string[] {
  const below = child_nodes.flatMap((child) => [...faultsOfName(child.node), ...faultsOfTree(child)]);
  const known = NODE_RESULTS.some((word) => word === node['result']);
  return known ? below : [`result ${String(node['result'])}`, ...below];
}

function faultsOfName({ name, path }: Record<string, unknown>): string[] {
  if (typeof name !== 'string' || name === '' || !Array.isArray(path) || path.at(-1) !== name) {
    return ['a node without a name'];
  }
  return faultsOfText(JSON.stringify(name), 'a name');
}

function logOf(body: string): string {
  const { log } = JSON.parse(parsable(body)) as { log?: unknown };
  return typeof log === 'string' ? log : '';
}

// What the page itself is made of; all else is to be escaped.
const TAG =
  /<(?:!doctype html|!--log--|\/?(?:html|head|body|main|title|style|h1|h2|p|ul|li|div|a|i|span|small|details|summary)|meta)(?: open| (?:lang|charset|http-equiv|content|name|class|id|href)=(?:"[^"<>]*"|[#\w]+))*>/g;

function faultsOfPages(log: string): string[] {
  const lines = [...readLogText(log)];
  const title = lines[0]?.text ?? 'log';
  const errors = lines.slice(0, 3).map((line, i) => ({ line: i, label: line.text ?? '' }));
  const [text, full, page] = [consoleText(), fullText(), htmlLog({ title, errors, style: '' })].map(
    (transform) => lines.map((line) => transform.line(line)).join('') + transform.end(),
  );
  const faults: string[] = [];
  const all = `${text}${full}${page}`;
  const at = all.search(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
  if (at >= 0) {
    const around = all.slice(Math.max(0, at - 40), at + 20);
    faults.push(`control characters in a log: ${JSON.stringify(around)}`);
  }
  if ((page ?? '<').replaceAll(TAG, '').includes('<')) faults.push('foreign tags in the page');
  return faults;
}
