import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { lavaBridge } from '../support/command.ts';
import { makeFiles } from '../support/folder.ts';
import { LAB, testWorld, type TestWorld } from '../support/world.ts';

/** The lines of `check`, without those of what is well, and without the logs', which no one else could read here. */
async function wrong(world: TestWorld): Promise<{ code: number | null; lines: string[]; stderr: string }> {
  const { code, stdout, stderr } = await lavaBridge(['check', '--config', world.configFile]);
  return {
    code,
    stderr,
    lines: stdout.split('\n').filter((line) => /^(FAILED|WARNING)(?! +storage)/.test(line)),
  };
}

async function change(world: TestWorld, from: RegExp, to: string): Promise<void> {
  const text = await readFile(world.configFile, 'utf8');
  expect(text).toMatch(from);
  await writeFile(world.configFile, text.replace(from, to));
}

describe('check', () => {
  it('finds nothing wrong where nothing is', async () => {
    const world = await testWorld();
    const { code, stdout, stderr } = await lavaBridge(['check', '--config', world.configFile]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const line of [
      /^ok .*Maestro: http:\S+, as \S+$/m,
      /^ok .*LAVA 2023\.01$/m,
      /^ok .*ws:\S+ can be followed$/m,
      /^ok .*and it takes the token$/m,
      /^ok .*KCIDB: http:\S+, the token is good$/m,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).not.toMatch(/^(FAILED|WARNING)(?! +storage)/m);
    // Logs that are served from 127.0.0.1 are dead links for everybody else.
    expect(stdout).toMatch(/^WARNING .*storage: .*127\.0\.0\.1.*kernelci-storage/m);
  });

  it('goes on with all the rest where a secret is missing', async () => {
    const world = await testWorld();
    await change(world, /^( +)token: .*$/m, '$1token: { env: LAVA_BRIDGE_NOT_SET }');
    const { code, lines, stderr } = await wrong(world);
    expect({ code, lines, stderr }).toEqual({
      code: 1,
      lines: ['FAILED   maestro.token: the environment variable LAVA_BRIDGE_NOT_SET is empty'],
      stderr: '',
    });
  });

  it('reports an event stream that is not where the configuration says', async () => {
    const world = await testWorld();
    await change(world, /events: .*$/m, 'events: ws://127.0.0.1:9/ws/');
    const { code, lines } = await wrong(world);
    expect(code).toBe(0);
    expect(lines).toEqual([
      expect.stringMatching(
        /^WARNING {2}lava-demo: ws:\/\/127\.0\.0\.1:9\/ws\/ can't be followed \(.*lava\.events/,
      ),
    ]);
  });

  it('reports parameters that no template reads, and files that nothing reads', async () => {
    const own = await makeFiles({
      'b.yaml': 'name: b\nlava_device_type: qemu\nboot_method: u-boot\narch: arm64\nparams:\n  promts: []\n',
      'c.yml': 'name: c\n',
      'README.md': 'mine',
    });
    const world = await testWorld({ config: { device_types: own } });
    const { code, lines } = await wrong(world);
    expect(code).toBe(0);
    expect(lines).toEqual([
      `WARNING  parameters: ${own}/b.yaml:6:3: params.promts: no template reads it; did you mean prompts? [unread_parameter]`,
      expect.stringMatching(/^WARNING {2}files: .*\/c\.yml: is not read/),
    ]);
  });

  it('names the suites of own plans that are not in KCIDB’s catalogue of tests', async () => {
    const own = await makeFiles({
      'a.yaml':
        'plans:\n  mine:\n    tests:\n      - { type: ltp, name: a, suite: our-own.fast }\n      - { type: ltp, name: b, suite: ltp.fast }\n',
    });
    const world = await testWorld({ config: { plans: own } });
    const { code, lines } = await wrong(world);
    expect(code).toBe(0);
    expect(lines).toEqual([
      expect.stringMatching(/^WARNING {2}.*\/a\.yaml:4:\d+: .*our-own\.fast .*catalogue.* our-own,/),
    ]);
  });

  it('says that what reports go out by is not there', async () => {
    const world = await testWorld({ config: { kcidb: { command: ['no-such-kcidb-submit', '-p', 'x'] } } });
    expect((await wrong(world)).lines).toEqual([
      'FAILED   KCIDB: by the command no-such-kcidb-submit -p x: there is no such program',
    ]);
    const pubsub = { project: 'p', topic: 't', credentials: 'no-such.json' };
    const other = await testWorld({ config: { kcidb: { pubsub } } });
    expect((await wrong(other)).lines).toEqual([expect.stringMatching(/KCIDB: .*no-such\.json/)]);
  });

  it('says that LAVA did not find the callback token by its name, until it does', async () => {
    const world = await testWorld();
    world.lava.switches.callbacks = 'drop';
    const { name, token } = world.lava.callback;
    const send = async (key: string, authorization: string): Promise<number> => {
      const [attempt] = await world.attempts(key);
      const { status } = await world.http(`/callback/${LAB}/${key}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ id: attempt?.lavaId, state_string: 'Running' }),
      });
      return status;
    };

    const first = world.publish({ scenario: 'long' });
    await world.at(first, 'running');
    expect(await send(first, name)).toBe(401);
    const [job] = world.lava.jobs();
    if (job !== undefined) await world.lava.lab.cancel(job);
    await world.ended(first);
    const { code, lines } = await wrong(world);
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/callbacks: LAVA sends the name .* in place of the token/)]);
    const labs = await lavaBridge(['labs', '--config', world.configFile]);
    expect(labs.stdout).toMatch(/in place of the token/);
    expect((await world.http('/')).text).toMatch(/in place of the token/);

    const second = world.publish({ scenario: 'long' });
    await world.at(second, 'running');
    expect(await send(second, token)).toBe(200);
    expect((await world.http('/')).text).not.toMatch(/in place of the token/);
  });

  it('warns of a callback token that opens the API of a LAVA that takes one which opens nothing', async () => {
    const world = await testWorld({ lava: { age: 'newest' } });
    await change(world, new RegExp(world.lava.callback.token), world.lava.token);

    expect((await wrong(world)).lines).toContainEqual(
      expect.stringMatching(/make it a remote artifact token/),
    );
  });

  it('says that callbacks carry another token, which strangers cannot make it believe', async () => {
    const world = await testWorld();
    world.lava.switches.callbacks = 'drop';
    const send = async (key: string): Promise<number> => {
      const { status } = await world.http(`/callback/${LAB}/${key}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'another' },
        body: JSON.stringify({ id: 1, state_string: 'Finished' }),
      });
      return status;
    };

    expect(await send('no-such-job')).toBe(401);
    const ended = world.publish();
    await world.ended(ended);
    expect(await send(ended)).toBe(401);
    expect((await wrong(world)).lines).toEqual([]);

    const key = world.publish({ scenario: 'long' });
    await world.at(key, 'running');
    expect(await send(key)).toBe(401);
    expect((await wrong(world)).lines).toEqual([]);
    for (const job of world.lava.jobs()) await world.lava.lab.cancel(job);
    await world.ended(key);
    expect((await wrong(world)).lines).toEqual([
      expect.stringMatching(/callbacks carry another token than callback\.token/),
    ]);
  });

  it('says that no callback comes, and what LAVA may drop them for, until one does', async () => {
    const world = await testWorld({ lava: { age: 'newest' } });
    const shown = async (): Promise<string> => (await world.http('/api/v1/labs')).text;
    world.lava.switches.callbackAllowedHosts = ['lab.example'];
    for (let n = 0; n < 2; n++) await world.ended(world.publish());
    expect(await shown()).not.toMatch(/without a callback/);
    await world.ended(world.publish());

    const { code, lines } = await wrong(world);
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/ended without a callback.*CALLBACK_ALLOWED_HOSTS.*127/)]);
    expect((await world.http('/')).text).toMatch(/CALLBACK_ALLOWED_HOSTS/);

    world.lava.switches.callbackAllowedHosts = [];
    await world.ended(world.publish());
    expect(await shown()).not.toMatch(/without a callback/);
  });
});
