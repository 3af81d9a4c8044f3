// Fuzzing: real callbacks, damaged, on the ways that they go in `translate` and in the daemon. Prints what came of it, and
// of each case that went wrong how to have it again; ends with 1 if there was one.
//
//     node test/fuzz/main.ts [--cases 1000] [--seed 1] [--from 0] [--schema FILE]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { isDateTime, isEmail } from '../../src/kcidb/formats.ts';
import { runCase, type Material } from './case.ts';
import { SMOKE_REQUEST } from '../support/smoke-request.ts';

/** Seconds on the processor that a case may take: a generous amount, and as much for each MB of it. A hang has no end. */
const CASE_SECONDS = 10;
const MB_SECONDS = 5;

const ROOT = resolve(import.meta.dirname, '..', '..');
const CALLBACKS = join(ROOT, 'test', 'fixtures', 'callbacks');

function read(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8')) as unknown;
}

function bodies(): Record<string, unknown>[] {
  return readdirSync(CALLBACKS)
    .filter((name) => name.endsWith('.json') && name !== 'running.json')
    .map((name) => read(join(CALLBACKS, name)) as Record<string, unknown>);
}

/** KCIDB's own schema, which is not part of this repository: every report must be valid by it too. */
function jsonSchema(file: string | undefined): Material['jsonSchema'] {
  if (file === undefined) return undefined;
  const ajv = new Ajv({ strict: false });
  addFormats.default(ajv);
  ajv.addFormat('date-time', { validate: isDateTime });
  ajv.addFormat('email', { validate: isEmail });
  const validate = ajv.compile(read(file) as object);
  return (document) => validate(document);
}

async function main(cases: number, seed: number, from: number, schema: string | undefined): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lava-bridge-fuzz-'));
  const material = { bodies: bodies(), request: SMOKE_REQUEST, jsonSchema: jsonSchema(schema), folder };
  const said = new Map<string, number>();
  let faulty = 0;
  let slowest = { seconds: 0, number: from };
  try {
    for (let number = from; number < from + cases; number++) {
      const begin = process.cpuUsage();
      const outcome = await runCase(seed * 1_000_003 + number, material);
      const { user, system } = process.cpuUsage(begin);
      const seconds = (user + system) / 1e6;
      if (seconds > slowest.seconds) slowest = { seconds, number };
      const { faults } = outcome;
      if (seconds > CASE_SECONDS + (MB_SECONDS * outcome.size) / 1e6)
        faults.push(`took ${seconds.toFixed(1)} s`);
      for (const what of outcome.said) said.set(what, (said.get(what) ?? 0) + 1);
      if (faults.length === 0) continue;
      faulty++;
      console.log(`case ${number} (--seed ${seed} --from ${number} --cases 1):\n  ${faults.join('\n  ')}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const [what, count] of [...said].toSorted(([, a], [, b]) => b - a)) {
    console.log(`${String(count).padStart(7)}  ${what}`);
  }
  console.log(`the slowest: case ${slowest.number}, ${slowest.seconds.toFixed(2)} s on the processor`);
  console.log(`${cases} cases, ${faulty} of them with faults`);
  return faulty === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    schema: { type: 'string' },
  },
});
process.exitCode = await main(Number(values.cases), Number(values.seed), Number(values.from), values.schema);
