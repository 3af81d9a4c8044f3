import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DAY } from '../../src/core/time.ts';
import { failsWith, lavaBridge, type Ran } from '../support/command.ts';
import { order } from '../support/order.ts';
import { LAB, testWorld, X86, type TestWorld } from '../support/world.ts';

const test = (world: TestWorld, ...args: string[]): Promise<Ran> =>
  lavaBridge(['test', ...args, '--config', world.configFile]);

const kernel = (world: TestWorld, scenario: string): string =>
  `${world.maestro.url}/files/scenario/${scenario}/smoke/bzImage`;

describe('a test of one’s own', () => {
  it('runs each plan that is named, shows the verdict, and reports nothing', async () => {
    const world = await testWorld();
    const of = ['--board', X86, '--kernel', kernel(world, 'pass'), '--tests', 'baseline,baseline-x86'];

    const { code, stdout } = await test(world, ...of, '--wait');

    expect(stdout).toMatch(/^lava-demo:[0-9a-f]{24}: pass; .*\nlava-demo:[0-9a-f]{24}: pass; .*\n$/);
    expect(code).toBe(0);
    const jobs = await world.daemon.context.store.jobs({ lab: LAB, limit: 10 });
    expect(jobs.map(({ source, stage, result }) => ({ source, stage, result }))).toEqual(
      Array.from({ length: 2 }, () => ({ source: 'test', stage: 'reported', result: 'pass' })),
    );
    for (const { nodeId } of jobs) {
      expect(await world.deliveries(nodeId)).toEqual([]);
      expect(await world.timeline(nodeId, 'no_report')).toHaveLength(1);
    }
    expect(world.kcidb.objects('tests')).toEqual([]);
  });

  it('ends with exit code 1 where the kernel does not boot', async () => {
    const world = await testWorld();
    const { code, stdout } = await test(
      world,
      '--board',
      X86,
      '--kernel',
      kernel(world, 'boot-panic'),
      '--wait',
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/: fail; /);
    expect(world.kcidb.objects('tests')).toEqual([]);
  });

  it('prints the definition alone where it is to be dry, and says what is not there', async () => {
    const world = await testWorld();
    const file = kernel(world, 'pass');
    const { code, stdout } = await test(world, '--board', X86, '--kernel', file, '--dry');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^---\n/);
    expect(stdout).toContain(file);
    expect(world.lava.jobs()).toEqual([]);

    expect(await test(world, '--board', X86, '--kernel', file, '--lab', 'none')).toMatchObject({
      code: 1,
      stderr: failsWith('bad_option', 'lava-demo'),
    });
    expect((await test(world, '--board', 'no-board', '--kernel', file)).code).toBe(1);
    expect(await test(world, '--board', X86, '--kernel', `${world.folder}/none`)).toMatchObject({
      code: 1,
      stderr: failsWith('bad_option'),
    });
  });

  it('takes a kernel from the disk, and serves it to LAVA under a path that cannot be guessed', async () => {
    const world = await testWorld();
    const file = `${world.folder}/bzImage`;
    const content = randomBytes(300_000);
    await writeFile(file, content);

    expect((await test(world, '--board', X86, '--kernel', file, '--wait')).code).toBe(0);

    const [job] = world.lava.jobs();
    const url = new RegExp(`${world.url}/files/[0-9a-f]{32}/bzImage`).exec(
      JSON.stringify(job?.definition),
    )?.[0];
    const answer = await fetch(url ?? '');
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
    expect(await world.http('/files/bzImage')).toMatchObject({ status: 404 });
    const open = await world.http('/api/v1/files?name=bzImage', { method: 'POST', body: 'x' });
    expect(open).toMatchObject({ status: 401 });
    for (const name of ['..', '.hidden', 'a%2Fb', '']) {
      expect(await order(world, `files?name=${name}`, 'x')).toMatchObject({ status: 400 });
    }
    const { files, now } = world.daemon.context;
    await files.sweep(now() + 8 * DAY);
    expect((await fetch(url ?? '')).status).toBe(404);
  });
});
