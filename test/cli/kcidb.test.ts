import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startKcidbSimulator, type KcidbSimulator } from '../../src/sim/kcidb/server.ts';
import { failsWith, lavaBridge, processOf } from '../support/command.ts';
import { newFolder } from '../support/folder.ts';

const GOOD = {
  version: { major: 4, minor: 3 },
  builds: [{ id: 'a:b', checkout_id: 'a:c', origin: 'a', valid: true }],
  tests: [{ id: 'a:t', build_id: 'a:b', origin: 'a', path: 'ltp.x', status: 'PASS' }],
};

let folder: string;
let kcidb: KcidbSimulator;
beforeEach(async () => {
  folder = await newFolder();
  kcidb = await startKcidbSimulator();
});
afterEach(() => kcidb.stop());

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const rest = (): string => kcidb.url.replace('://', `://${encodeURIComponent(kcidb.token)}@`);

describe('kcidb', () => {
  it('schema prints the JSON Schema of version 5.3', async () => {
    const { code, stdout } = await lavaBridge(['kcidb', 'schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      title: 'kcidb',
      required: ['version'],
      additionalProperties: false,
      properties: { tests: { items: { properties: { start_time: { format: 'date-time' } } } } },
    });
  });

  it('validate says what is valid, and what is not with its place', async () => {
    const bad = { ...GOOD, tests: [{ ...GOOD.tests[0], status: 'NICE' }] };
    const files = [await file('good.json', GOOD), await file('bad.json', bad), await file('none.json', 'x')];
    const { code, stdout } = await lavaBridge(['kcidb', 'validate', ...files]);
    expect(code).toBe(1);
    const [good = '', wrong = '', none = ''] = stdout.trim().split('\n');
    expect(good).toMatch(/good\.json: valid, 2 objects \(upgraded from 4\.3\)/);
    expect(wrong).toMatch(/bad\.json: tests\.0 \(a:t\): status/);
    expect(none).toMatch(/none\.json: /);
  });

  // What the guide builds up step by step, in its version 4.3; the ids are ours.
  it('the steps of KCIDB’s guide are valid and are taken, in the version that they have', async () => {
    const version = { major: 4, minor: 3 };
    const checkout = { id: 'us:1', origin: 'us', contacts: ['a@example.com'], valid: true };
    const build = { id: 'us:2', checkout_id: 'us:1', origin: 'us', valid: true, architecture: 'riscv64' };
    const test = {
      id: 'us:3',
      build_id: 'us:2',
      origin: 'us',
      path: 'ltp.sem01',
      status: 'FAIL',
      waived: true,
    };
    const issue = { id: 'us:4', version: 1, origin: 'us', build_valid: true, test_status: 'FAIL' };
    const culprit = { code: true, tool: false, harness: false };
    const incident = {
      id: 'us:5',
      origin: 'us',
      issue_id: 'us:4',
      issue_version: 1,
      test_id: 'us:3',
      present: true,
    };
    const steps = [
      {},
      { checkouts: [checkout] },
      { checkouts: [checkout], builds: [build] },
      { checkouts: [checkout], builds: [build], tests: [{ id: 'us:3', build_id: 'us:2', origin: 'us' }] },
      { builds: [build], tests: [test] },
      { issues: [{ ...issue, report_url: 'https://bugs.example/1', culprit }] },
      { issues: [{ ...issue, culprit }], incidents: [incident] },
    ];
    const files = await Promise.all(steps.map((step, i) => file(`${i}.json`, { version, ...step })));

    const validated = await lavaBridge(['kcidb', 'validate', ...files]);
    expect(validated).toMatchObject({ code: 0, stderr: '' });
    expect(validated.stdout.match(/: valid, .*upgraded from 4\.3/g)).toHaveLength(steps.length);

    const sent = await processOf(['kcidb', 'submit', '--wait', '30', ...files], {
      env: { KCIDB_REST: rest() },
    });
    expect(sent).toMatchObject({ code: 0, stderr: '' });
    expect(sent.stdout.trim().split('\n')).toEqual(
      [...kcidb.submissions.keys()].map((id) => `${id} processed`),
    );
    expect(kcidb.objects('tests')).toMatchObject([{ id: 'us:3', status: 'FAIL' }]);
    expect(kcidb.objects('incidents')).toContainEqual(expect.objectContaining({ id: 'us:5' }));
  });

  it('validate reads standard input', async () => {
    const { code, stdout } = await processOf(['kcidb', 'validate', '--json'], {
      input: JSON.stringify(GOOD),
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ reports: [{ version: '4.3', objects: 2, problems: [] }] });
  });

  it('submit sends what KCIDB_REST says, upgraded, and prints the id', async () => {
    const { code, stdout, stderr } = await processOf(
      ['kcidb', 'submit', '--wait', '30', await file('good.json', GOOD)],
      { env: { KCIDB_REST: rest() } },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [id] = [...kcidb.submissions.keys()];
    expect(stdout.trim()).toBe(`${id} processed`);
    expect(kcidb.objects('builds')).toMatchObject([{ id: 'a:b', status: 'PASS' }]);
  });

  it('submit sends nothing of a file that is not valid, and never shows the token', async () => {
    const bad = await file('bad.json', { ...GOOD, tests: [{ id: 'no origin' }] });
    const { code, stdout, stderr } = await processOf(['kcidb', 'submit', bad], {
      env: { KCIDB_REST: rest() },
    });
    expect(code).toBe(1);
    expect(stderr).toEqual(failsWith('bad_report', 'bad.json: tests.0'));
    expect(stdout + stderr).not.toContain(kcidb.token);
    expect(kcidb.submissions.size).toBe(0);
  });

  it('submit takes a stream of several reports, and none of it if one is wrong', async () => {
    const env = { KCIDB_REST: rest() };
    const odd = { ...GOOD, tests: [{ ...GOOD.tests[0], comment: 'a "}{" in a text' }] };
    const stream = `${JSON.stringify(GOOD)}${JSON.stringify(odd, null, 2)}\n${JSON.stringify(GOOD)}\n`;

    const sent = await processOf(['kcidb', 'submit'], { env, input: stream });
    expect(sent.code).toBe(0);
    expect(sent.stdout.trim().split('\n')).toHaveLength(3);

    const wrong = await processOf(['kcidb', 'submit'], { env, input: `${stream}{"version": ` });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toBe('');
    expect(wrong.stderr).toEqual(failsWith('bad_report', 'standard input, report 4'));
  });

  it('submit takes kcidb.rest of the configuration', async () => {
    const config = await file(
      'lava-bridge.yaml',
      JSON.stringify({
        labs: [
          {
            name: 'lava-x',
            origin: 'x',
            lava: { url: 'http://127.0.0.1:1', user: 'u', token: 't' },
            callback: { token_name: 'n', token: 't' },
          },
        ],
        kcidb: { rest: { env: 'MY_KCIDB' } },
        http: { public_url: 'http://127.0.0.1:1' },
        store: { sqlite: 'x.db' },
      }),
    );
    const good = await file('good.json', GOOD);
    const { code } = await processOf(['kcidb', 'submit', '--config', config, good], {
      env: { MY_KCIDB: rest() },
    });
    expect(code).toBe(0);
    expect(kcidb.objects('tests')).toMatchObject([{ id: 'a:t' }]);
  });
});
