import { describe, expect, it } from 'vitest';
import type { Line } from '../../src/cli/check-lines.ts';
import { sendTests } from '../../src/cli/check-send-test.ts';
import { loadConfig } from '../../src/config/load.ts';
import { lavaBridge, type Ran } from '../support/command.ts';
import { LAB, testWorld, X86, type TestWorld } from '../support/world.ts';

const check = (world: TestWorld, ...args: string[]): Promise<Ran> =>
  lavaBridge(['check', '--send-test', ...args, '--config', world.configFile]);

/** The lines of the test job. */
function steps({ stdout }: Ran): string[] {
  return stdout.split('\n').filter((line) => line.includes(`${LAB} test job: `));
}

const scenario = (world: TestWorld, name: string): string =>
  `${world.maestro.url}/files/scenario/${name}/smoke/bzImage`;

describe('check --send-test', () => {
  it('runs a job with Maestro’s newest kernel through everything, shows each step, and reports nothing', async () => {
    const world = await testWorld();
    // Of the boards in the lab, for one of the last alone.
    world.maestro.addBuild({ arch: 'x86_64' });

    const ran = await check(world);

    expect(steps(ran).filter((line) => !line.startsWith('ok '))).toEqual([]);
    expect(ran.code).toBe(0);
    for (const step of [
      'submitted',
      'running',
      'finished',
      'judged',
      'reported',
      'callback: ',
      'events: ',
      'verdict: pass',
    ]) {
      expect(steps(ran).some((line) => line.includes(step) && / \(after .+\)$/.test(line))).toBe(true);
    }
    expect(world.kcidb.objects('tests')).toEqual([]);
    const [job] = await world.daemon.context.store.jobs({ limit: 1 });
    expect(await world.deliveries(job?.nodeId ?? '')).toEqual([]);
  });

  it('names the step that failed: the verdict, or a callback that did not come', async () => {
    const world = await testWorld();
    const panic = await check(world, '--board', X86, '--kernel', scenario(world, 'boot-panic'));
    expect(panic.code).toBe(1);
    expect(steps(panic).filter((line) => line.startsWith('FAILED'))).toEqual([
      expect.stringContaining('verdict: fail'),
    ]);

    world.lava.switches.callbacks = 'drop';
    const ran = await check(world, '--board', X86, '--kernel', scenario(world, 'pass'));
    expect(ran.code).toBe(1);
    expect(steps(ran).filter((line) => line.startsWith('FAILED'))).toEqual([
      expect.stringContaining("LAVA's callback did not come"),
    ]);
  });

  it('gives up at the time limit with what the job waits for, and cancels it', async () => {
    const world = await testWorld();
    await world.daemon.context.store.drain(LAB, '', 'the rack moves');
    const lines: Line[] = [];
    const config = await loadConfig(world.configFile);

    await sendTests(config, { board: X86, kernel: scenario(world, 'pass'), limitMs: 1 }, (line) =>
      lines.push(line),
    );

    expect(lines.filter(({ state }) => state === 'failed')).toHaveLength(1);
    expect(lines.at(-1)?.text).toContain('cancelled');
    const [job] = await world.daemon.context.store.jobs({ limit: 1 });
    expect((await world.ended(job?.nodeId ?? '')).ending).toMatchObject({ kind: 'canceled' });
  });

  it('says that there is no kernel, or no daemon, and ends with exit code 1', async () => {
    const world = await testWorld();
    const none = await check(world, '--board', X86);
    expect(none.code).toBe(1);
    expect(steps(none)).toEqual([expect.stringMatching(/^FAILED .*--kernel/)]);

    await world.daemon.stop();
    world.daemon.stop = async () => undefined;
    const away = await check(world, '--board', X86, '--kernel', scenario(world, 'pass'));
    expect(away.code).toBe(1);
    expect(steps(away).at(-1)).toMatch(/^FAILED .*the daemon does not answer/);
  });
});
