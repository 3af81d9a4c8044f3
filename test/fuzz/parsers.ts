// Fuzzing of each door for foreign text: damaged and generated text goes into every parser, which must give a value or
// refuse with a code of ours, in bounded time. Prints what came of it, and of each case that went wrong how to have it
// again; ends with 1 if there was one.
//
//     node test/fuzz/parsers.ts [--cases 1000] [--seed 1] [--from 0]
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DeviceType } from '../../src/catalog/board-schema.ts';
import { answerText } from '../../src/core/answer-text.ts';
import { BridgeError } from '../../src/core/errors.ts';
import { parseYaml as parseYamlFile } from '../../src/core/yaml-file.ts';
import { parseJson, splitJson } from '../../src/core/parse/json.ts';
import { PARSE_LIMITS } from '../../src/core/parse/limits.ts';
import { parseYaml, yamlValue } from '../../src/core/parse/yaml.ts';
import { readOutline } from '../../src/definition/definition-summary.ts';
import { readLavaYaml } from '../../src/definition/supplied-read.ts';
import { CallbackBody } from '../../src/http/callback-body.ts';
import { readSettings } from '../../src/import/device-settings.ts';
import { gateRefusal, stubOf } from '../../src/intake/gate.ts';
import { upgradeReport } from '../../src/kcidb/upgrade.ts';
import { parseFrame } from '../../src/lava/event-frame.ts';
import { readLogText } from '../../src/lava/log.ts';
import { parseResults } from '../../src/lava/results.ts';
import { decodeAnswer } from '../../src/lava/xmlrpc-codec.ts';
import { MaestroNode, salvageNode } from '../../src/maestro/node.ts';
import { JobRequest } from '../../src/maestro/request.ts';
import { SMOKE_REQUEST } from '../support/smoke-request.ts';
import { below, damageText, HOSTILE, pick, seeded, type Random } from './mutate.ts';

/** Seconds on the processor for each MB; what is smaller may take as long as one MB. */
const MB_SECONDS = 1;

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

const files = (folder: string): string[] =>
  readdirSync(join(FIXTURES, folder), { withFileTypes: true })
    .filter((file) => file.isFile() && !file.name.endsWith('.md'))
    .map((file) => readFileSync(join(FIXTURES, folder, file.name), 'utf8'));

const bodies = files('callbacks');
const results = bodies.flatMap((body) => {
  const read = parseJson(body, PARSE_LIMITS.file) as { results?: Record<string, string> };
  return Object.values(read.results ?? {});
});
const definitions = bodies.flatMap((body) => {
  const read = parseJson(body, PARSE_LIMITS.file) as { definition?: string };
  return read.definition === undefined ? [] : [read.definition];
});

const BOARDS = join(import.meta.dirname, '..', '..', 'device-types');
const boards = readdirSync(BOARDS).filter((name) => name.endsWith('.yaml')).map((name) => readFileSync(join(BOARDS, name), 'utf8')); // prettier-ignore
const REPORTS = [3, 4, 5].map((major) =>
  JSON.stringify({
    version: { major, minor: major === 4 ? 0 : major === 3 ? 0 : 3 },
    builds: [
      {
        id: 'a:1',
        checkout_id: 'a:2',
        revision_id: 'a',
        origin: 'a',
        start_time: '2026-08-21T15:20:01Z',
        valid: true,
      },
    ],
    tests: [
      {
        id: 'a:1',
        build_id: 'a:1',
        origin: 'a',
        path: 'boot',
        status: 'PASS',
        environment: { comment: 'x', compatible: ['a,b'] },
      },
    ],
    issues: [{ id: 'a:1', version: 1, origin: 'a', culprit: { code: true } }],
    incidents: [{ id: 'a:1', issue_id: 'a:1', issue_version: 1, origin: 'a', test_id: 'a:1', present: true }],
  }),
);
const LIMITS = { max_size: 512 * 1024, max_depth: 64 };

/** As the bytes come from a socket, cut where it happens to be. */
function readInPieces(text: string): unknown {
  const body = new CallbackBody();
  const bytes = Buffer.from(text);
  const size = 1 + (bytes.length % 4099);
  let log = 0;
  for (let at = 0; at < bytes.length; at += size) {
    for (const piece of body.push(bytes.subarray(at, at + size))) log += piece.length;
  }
  return [body.end(), log];
}

function readRequest(text: string): unknown {
  const request = JobRequest.safeParse(parseJson(text, PARSE_LIMITS.answer));
  return request.success && [gateRefusal(request.data, LIMITS)?.code, stubOf(request.data)];
}

function readNode(text: string): unknown {
  const raw = parseJson(text, PARSE_LIMITS.maestroPage);
  return MaestroNode.safeParse(raw).data ?? salvageNode(raw);
}

function readReports(text: string): unknown {
  return splitJson(text).map((one) => upgradeReport(parseJson(one, PARSE_LIMITS.file)));
}

/** Each door with real text that belongs there. */
const DOORS: Record<string, { texts: readonly string[]; read: (text: string) => unknown }> = {
  json: { texts: bodies, read: (text) => parseJson(text, PARSE_LIMITS.callback) },
  yaml: {
    texts: [...definitions, ...results],
    read: (text) => yamlValue(parseYaml(text, PARSE_LIMITS.yamlDocument), ({ value }) => value),
  },
  definition: { texts: definitions, read: readLavaYaml },
  results: { texts: results, read: (text) => parseResults({ '0_suite': text }) },
  log: { texts: files('lava/logs'), read: (text) => [...readLogText(text)].length },
  xml: { texts: files('lava/xmlrpc'), read: (text) => decodeAnswer(Buffer.from(text)) },
  callback: { texts: bodies, read: readInPieces },
  request: { texts: [JSON.stringify(SMOKE_REQUEST)], read: readRequest },
  node: { texts: [JSON.stringify(SMOKE_REQUEST.node)], read: readNode },
  outline: { texts: definitions, read: readOutline },
  settings: { texts: definitions, read: readSettings },
  report: { texts: REPORTS, read: readReports },
  answer: {
    texts: [...REPORTS, '<html><body>502</body></html>'],
    read: (text) => answerText({ body: Buffer.from(text) }),
  },
  file: { texts: boards, read: (text) => parseYamlFile('board.yaml', text, DeviceType) },
  event: { texts: files('lava/events').flatMap((text) => text.split('\n')), read: parseFrame },
};

const MARKS = [
  '[',
  ']',
  '{',
  '}',
  '- ',
  '? ',
  ': ',
  ', ',
  '\n',
  '\n  ',
  '"',
  "'",
  '&a ',
  '*a',
  '!t ',
  '|\n',
  '>\n',
  '<a>',
  '</a>',
];

/** Text of nothing but marks, some of them very often. */
function marks(next: Random): string {
  let text = '';
  for (let i = below(next, 20); i >= 0; i--) {
    text += pick(next, next() < 0.8 ? MARKS : HOSTILE).repeat(
      next() < 0.2 ? below(next, 20_000) : 1 + below(next, 3),
    );
  }
  return text.slice(0, 1_000_000);
}

async function fault(door: string, text: string, said: Map<string, number>): Promise<string | undefined> {
  const begin = process.cpuUsage();
  let outcome = 'read';
  try {
    const value = await DOORS[door]?.read(text);
    JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof BridgeError) && door !== 'xml')
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    outcome = error instanceof BridgeError ? error.code : 'no answer';
  }
  const { user, system } = process.cpuUsage(begin);
  const seconds = (user + system) / 1e6;
  said.set(`${door} ${outcome}`, (said.get(`${door} ${outcome}`) ?? 0) + 1);
  return seconds > MB_SECONDS * Math.max(1, text.length / 1e6) ? `took ${seconds.toFixed(1)} s` : undefined;
}

async function main(cases: number, seed: number, from: number): Promise<number> {
  const said = new Map<string, number>();
  let faulty = 0;
  for (let number = from; number < from + cases; number++) {
    const next = seeded(seed * 1_000_003 + number);
    const door = pick(next, Object.keys(DOORS));
    const text = next() < 0.7 ? damageText(pick(next, DOORS[door]?.texts ?? ['']), next) : marks(next);
    const found = await fault(door, text, said);
    if (found === undefined) continue;
    faulty++;
    console.log(`case ${number} of ${door} (--seed ${seed} --from ${number} --cases 1):\n  ${found}`);
  }
  for (const [what, count] of [...said].toSorted(([a], [b]) => a.localeCompare(b)))
    console.log(`${String(count).padStart(7)}  ${what}`);
  console.log(`${cases} cases, ${faulty} of them with faults`);
  return faulty === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
process.exitCode = await main(Number(values.cases), Number(values.seed), Number(values.from));
