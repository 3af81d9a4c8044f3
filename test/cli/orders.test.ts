import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { waitForEnd } from '../../src/cli/jobs.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { JobRow } from '../../src/http/shapes.ts';
import type { StageName } from '../../src/store/index.ts';
import { failsWith, lavaBridge, processOf, type Ran } from '../support/command.ts';
import { definition, LAB, testWorld, X86 } from '../support/world.ts';

describe('the commands for a running daemon', () => {
  it('do what they say, and say what they do not know', async () => {
    const world = await testWorld();
    const run = (...args: string[]): Promise<Ran> => lavaBridge([...args, '--config', world.configFile]);

    expect(await run('drain', LAB, X86, '--reason', 'new cable')).toEqual({
      code: 0,
      stdout: `${X86} in ${LAB}: drained\n`,
      stderr: '',
    });
    expect(await run('drain', LAB, 'qemu-x86-64')).toEqual({
      code: 0,
      stdout: `qemu-x86-64 in ${LAB}: drained\n`,
      stderr: `lava-bridge: note: no board qemu-x86-64 is registered for ${LAB} (see: lava-bridge boards)\n`,
    });
    expect(await run('drain', 'no-lab')).toEqual({
      code: 1,
      stdout: '',
      stderr: failsWith('unknown_lab', 'no-lab'),
    });

    const key = world.publish();
    await world.waits(key, 'drained');
    expect(await run('jobs', 'log', key)).toEqual({
      code: 0,
      stdout: '',
      stderr: `lava-bridge: ${LAB}:${key} has no log yet: it waits for the stage admitted; ${X86} in ${LAB} is drained: new cable\n`,
    });
    expect((await run('jobs', '--open')).stdout).toMatch(/^RECEIVED \(UTC\).*\n.* admitted +.*new cable\n$/);
    expect((await run('jobs', 'list', '--stage', 'runing')).stderr).toEqual(failsWith('invalid', 'stage: '));
    expect(await run('jobs', '--limit', 'many')).toMatchObject({ code: 2 });
    expect((await run('top', '--once')).stdout).toMatch(
      new RegExp(
        `SYSTEM .*\\n${LAB} +up .*\\n${LAB} events +\\w+ .*\\n${LAB} callbacks +\\w+ .*\\nstore +\\w+ [^]*admitted[^]*drained .*new cable`,
      ),
    );

    expect((await run('resume', LAB, X86)).stdout).toBe(`${X86} in ${LAB}: takes jobs again\n`);
    await world.ended(key);
    expect((await run('jobs', 'log', key)).stdout).toMatch(/Linux version/);
    expect((await run('jobs', 'show', key)).stdout).toMatch(/ended after the stage reported[^]*boot +PASS/);
    expect((await run('summary', '--since', '7d')).stdout).toMatch(/^Jobs: 1 \(1 pass\)$/m);
    for (const words of ['log', 'cancel']) {
      const { code, stderr } = await run('jobs', words, 'no-such-job');
      expect({ code, stderr }).toEqual({ code: 1, stderr: failsWith('unknown_job', 'no-such-job') });
    }
  });

  it('say that the daemon is not there', async () => {
    const world = await testWorld();
    await world.daemon.stop();
    world.daemon.stop = async () => undefined;
    for (const args of [
      ['jobs', 'log', 'x'],
      ['labs', '--json'],
      ['drain', LAB],
    ]) {
      const { code, stdout, stderr } = await lavaBridge([...args, '--config', world.configFile]);
      expect({ args, code, stdout, stderr }).toEqual({
        args,
        code: 1,
        stdout: '',
        stderr: failsWith('no_daemon', world.url),
      });
    }
  });

  it('print JSON alone where JSON is asked for', async () => {
    const world = await testWorld();
    const request = {
      node: {
        id: 'a'.repeat(24),
        kind: 'job',
        name: 'by-hand',
        path: [],
        state: 'available',
        data: { runtime: LAB, platform: X86 },
      },
      definition: definition(world, {}),
    };
    const file = `${world.folder}/request.json`;
    await writeFile(file, JSON.stringify(request));
    for (const args of [
      ['submit', '--request', file, '--wait'],
      ['jobs'],
      ['jobs', 'show', 'a'.repeat(24)],
      ['boards'],
      ['check'],
    ]) {
      const { code, stdout } = await processOf([...args, '--json', '--config', world.configFile]);
      expect({ args, code }).toEqual({ args, code: 0 });
      expect(() => JSON.parse(stdout)).not.toThrow();
    }
  });
});

it('waits for a job through a restart of the daemon', async () => {
  const row = (stage: StageName, done: boolean): JobRow => ({
    id: 'lab:x',
    lab: 'lab',
    node_id: 'x',
    name: 'n',
    board: 'b',
    source: 'hand',
    stage,
    waits_for: done ? null : 'finished',
    done,
    set_aside: false,
    reason: null,
    reason_code: null,
    ending: null,
    tree: null,
    branch: null,
    commit: null,
    build: null,
    result: null,
    rule: null,
    layer: null,
    lava_id: null,
    device: null,
    tests: [],
    received: '2026-01-01T00:00:00Z',
    updated: '2026-01-01T00:00:00Z',
    stage_since: '2026-01-01T00:00:00Z',
    next: null,
  });
  const answers: (JobRow | undefined)[] = [row('running', false), undefined, row('reported', true)];
  const seen: string[] = [];
  const end = await waitForEnd(
    async () => {
      const answer = answers.shift();
      if (answer === undefined) throw new BridgeError('no_daemon', 'away');
      return answer;
    },
    'lab:x',
    ({ stage }) => seen.push(stage),
  );
  expect(end.done).toBe(true);
  expect(seen).toEqual(['running', 'reported']);
});
