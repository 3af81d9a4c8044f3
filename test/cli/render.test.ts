import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { failsWith, lavaBridge, processOf, type Ran } from '../support/command.ts';
import { makeFiles } from '../support/folder.ts';
import { listen } from '../support/listen.ts';
import { buildUrl, makeRequest, readDefinition } from '../templates/support.ts';

/** Runs the command; `input` is for the `-` among the arguments, in a file in its place. */
async function render(args: string[], input?: string): Promise<Ran> {
  if (input === undefined) return lavaBridge(['render', ...args]);
  const files = await makeFiles({ input });
  return lavaBridge(['render', ...args.map((word) => (word === '-' ? join(files, 'input') : word))]);
}

/** As render, with the input on standard input. */
function piped(args: string[], input: string): Promise<Ran> {
  return processOf(['render', ...args], { input });
}

const request = makeRequest({ name: 'baseline-arm64', platform: 'qemu-arm64', lab: 'lava-mylab' });
const CONFIG = `
instance: prod
labs:
  - name: lava-mylab
    origin: mylab
    lava: { url: http://lava.example, user: u, token: { env: NO_SUCH_VARIABLE }, priority: { min: 10, max: 20 } }
    callback: { token_name: our-token, token: { file: /no/such/file } }
    limits: { queue_timeout: 5h }
http: { public_url: https://bridge.example }
report: { kcidb: off }
metadata: { api_config_name: production }
fetch: { networks: [loopback] }
device_types: boards
`;
const BOARD =
  'name: own-board\nlava_device_type: own-type\narch: arm64\nboot_method: u-boot\ndtb: dtbs/own.dtb\n';

const dir = await makeFiles({
  'lava-bridge.yaml': CONFIG,
  'boards/own.yaml': BOARD,
  'request.json': JSON.stringify(request),
});
const config = ['--config', join(dir, 'lava-bridge.yaml')];

it('prints the definition of a request, by the configuration and without its secrets', async () => {
  const {
    code,
    stdout: out,
    stderr: err,
  } = await render(['--request', join(dir, 'request.json'), ...config]);

  expect([code, err]).toEqual([0, '']);
  expect(readDefinition(out)).toMatchObject({
    job_name: expect.stringMatching(/^\[prod\] 68f0c0ffee00000000000003 baseline-arm64/),
    metadata: { node_id: request.node.id, api_config_name: 'production' },
    priority: 16,
    timeouts: { queue: { hours: 5 } },
    notify: {
      callback: { url: `https://bridge.example/callback/lava-mylab/${request.node.id}`, token: 'our-token' },
    },
  });
});

it('renders without a configuration, and says what it takes instead', async () => {
  const { code, stdout: out, stderr: err } = await piped(['--request', '-'], JSON.stringify(request));

  expect(code).toBe(0);
  expect(err).toMatch(/with the shipped files, and a lab called as the node's runtime/);
  expect(out).toContain(`/callback/lava-mylab/${request.node.id}`);
});

it('prints one line for each line of a batch, in order, with the error in place of the definition', async () => {
  const { node, kbuild } = request;
  const long = 'x'.repeat(17 * 1024 * 1024);
  const lines = [
    { id: 'a', node, kbuild },
    { id: 2, node: { ...node, name: 'no-such-plan' }, kbuild },
    { id: 'c', node: { ...node, data: { ...node.data, platform: 'no-board' } }, kbuild },
    { id: 'd', node: { ...node, data: { ...node.data, runtime: 'other-lab' } }, kbuild },
    { id: 'e', node: { ...node, id: 'no id' }, kbuild },
    { node, kbuild },
    { id: 'g', node, kbuild, definition_yaml: 'a: b' },
    '{"id": "h", broken',
    '',
    '[1]',
    long,
    { id: 'z', node, kbuild },
  ].map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));

  const { code, stdout: out } = await piped(['--batch', '-', ...config], lines.join('\n'));

  const answers = out
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          id: unknown;
          definition?: string;
          error?: { code: string; message: string; field?: string };
        },
    );
  expect(code).toBe(0);
  expect(answers.map((a) => [a.id, a.error?.code ?? typeof a.definition, a.error?.field])).toEqual([
    ['a', 'string', undefined],
    [2, 'unknown_plan', 'node.name'],
    ['c', 'unknown_board', 'node.data.platform'],
    ['d', 'unknown_runtime', 'node.data.runtime'],
    ['e', 'bad_request', 'node.id'],
    [node.id, 'string', undefined],
    ['g', 'not_permitted', 'definition_yaml.job_name'],
    ['h', 'bad_json', undefined],
    [null, 'bad_json', undefined],
    [null, 'bad_request', undefined],
    [null, 'too_large', undefined],
    ['z', 'string', undefined],
  ]);
});

it('checks a definition that came as YAML, and gives it our callback', async () => {
  const { definition } = await rendered({});
  const theirs = definition
    .replaceAll('our-token', 'kernelci-new-api')
    .replaceAll('bridge.example', 'pipeline.kernelci.org');

  const taken = await rendered({ definition_yaml: theirs });

  const passed = readDefinition(taken.definition);
  expect(passed).toMatchObject({ device_type: 'qemu', metadata: { node_id: request.node.id } });
  expect(callbacks(passed)).toEqual([
    [`https://bridge.example/callback/lava-mylab/${request.node.id}`, 'our-token'],
    [`https://pipeline.kernelci.org/callback/lava-mylab/${request.node.id}`, 'kernelci-new-api'],
  ]);

  function callbacks(of: unknown): string[][] {
    const { notify } = of as { notify: { callbacks: { url: string; token: string }[] } };
    return notify.callbacks.map(({ url, token }) => [url, token]);
  }

  async function rendered(parts: object): Promise<{ definition: string }> {
    const line = JSON.stringify({ id: 1, ...request, ...parts });
    const { stdout: out } = await render(['--batch', '-', ...config], line);
    return JSON.parse(out) as { definition: string };
  }
});

it('fetches the metadata of a build once for all its jobs', async () => {
  let asked = 0;
  const url = await listen((_, response) => {
    asked++;
    response.end(JSON.stringify({ artifacts: { 'dtbs/own.dtb': 'https://a.example/own.dtb' } }));
  });
  const artifacts = { kernel: `${buildUrl()}Image`, metadata: `${url}/metadata.json` };
  const { node, kbuild } = makeRequest({
    name: 'baseline-arm64',
    platform: 'own-board',
    lab: 'lava-mylab',
    artifacts,
  });
  const lines = Array.from({ length: 100 }, (_, id) => JSON.stringify({ id, node, kbuild }));

  const { stdout: out } = await render(['--batch', '-', ...config], lines.join('\n'));

  expect(out.trimEnd().split('\n')).toHaveLength(100);
  expect(out.match(/https:\/\/a\.example\/own\.dtb/g)).toHaveLength(100);
  expect(asked).toBe(1);
});

it('says what is wrong with a request, and exits 1; with the command line, 2', async () => {
  const { node } = request;

  expect(await render(['--request', '-', ...config], '{')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: failsWith('bad_json'),
  });
  expect(await render(['--request', '-', ...config], JSON.stringify({ node }))).toMatchObject({
    code: 1,
    stderr: failsWith('missing_kernel'),
  });
  expect(await render([])).toMatchObject({ code: 2, stderr: expect.stringContaining('--request') });
  expect(await render(['--request', '-', '--config', '/no/such.yaml'], '{}')).toMatchObject({
    code: 1,
    stderr: failsWith('unreadable', '/no/such.yaml: '),
  });
});

it('reports faults of the admin’s files at their places', async () => {
  const bad = await makeFiles({
    'lava-bridge.yaml': CONFIG,
    'boards/own.yaml': `${BOARD}dbt: x\n`,
  });

  const run = await render(
    ['--request', '-', '--config', join(bad, 'lava-bridge.yaml')],
    JSON.stringify(request),
  );

  expect(run).toMatchObject({ code: 1, stderr: failsWith('unknown_key', 'own.yaml:6:1: ') });
});

it('validates definitions offline, each fault at its line and column', async () => {
  const { stdout: good } = await render(['--request', join(dir, 'request.json'), ...config]);
  const files = await makeFiles({
    'good.yaml': good,
    'bad.yaml': good
      .replace('visibility: public', 'visibility: public\nsurprise: 1')
      .replace('minutes: 20', 'minutes:'),
    'odd.yaml': 'a: [',
  });
  const names = ['good.yaml', 'bad.yaml', 'odd.yaml', 'none.yaml'].map((name) => join(files, name));
  const surprise = readFileSync(join(files, 'bad.yaml'), 'utf8').split('\n').indexOf('surprise: 1') + 1;

  const { code, stdout: out, stderr: err } = await lavaBridge(['validate', ...names, '--offline']);

  const said = err.trimEnd().replaceAll(`${files}/`, '').split('\n');
  expect([code, out]).toEqual([1, `${names[0]}: valid\n`]);
  for (const [place, problem] of [
    [`bad.yaml:${surprise}:1: surprise: `, 'unknown_key'],
    ['actions.1.boot.timeout', 'bad_value'],
    ['odd.yaml:1:', 'malformed'],
    ['none.yaml: ', 'unreadable'],
  ] as const) {
    expect(said).toContainEqual(failsWith(problem, place));
  }
});
