import { Command } from 'commander';
import { afterEach, expect, it, vi } from 'vitest';
import { addSimulate } from '../../src/cli/simulate.ts';
import { eventually } from '../support/wait.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Starts the command; `printed` gives what it has printed so far. */
function simulate(...args: string[]): { printed: () => string; running: Promise<unknown> } {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((more) => {
    text += String(more);
    return true;
  });
  const program = new Command().exitOverride();
  addSimulate(program);
  const running = program.parseAsync(['simulate', ...args], { from: 'user' });
  return { printed: () => text, running };
}

it.each(['maestro', 'lava', 'kcidb'])('runs a simulated %s until it gets a signal', async (what) => {
  const { printed, running } = simulate(what);
  await eventually(() => expect(printed()).toMatch(/^token +\S+$/m));
  const url = /^url +(\S+)$/m.exec(printed())?.[1] ?? '';
  const answer = await fetch(url);
  await answer.text();
  process.emit('SIGTERM');
  await running;

  expect(answer.status).toBeLessThan(500);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

it('plays a Maestro whose user may edit the nodes of the labs that are asked for', async () => {
  const { printed, running } = simulate('maestro', '--runtime', 'lava-a', 'lava-b');
  await eventually(() => expect(printed()).toMatch(/^runtimes +lava-a lava-b$/m));
  const [url = '', token = ''] = ['url', 'token'].map(
    (key) => new RegExp(`^${key} +(\\S+)$`, 'm').exec(printed())?.[1],
  );
  const answer = await fetch(`${url}/whoami`, { headers: { authorization: `Bearer ${token}` } });
  const who: unknown = await answer.json();
  process.emit('SIGTERM');
  await running;

  expect(who).toMatchObject({
    groups: [{ name: 'runtime:lava-a:node-editor' }, { name: 'runtime:lava-b:node-editor' }],
  });
});

it('refuses a port that is none', async () => {
  const program = new Command();
  addSimulate(program);
  for (const command of program.commands.flatMap((c) => [c, ...c.commands])) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
  }

  const failure = program.parseAsync(['simulate', 'lava', '--port', '99999'], { from: 'user' });

  await expect(failure).rejects.toMatchObject({ code: 'commander.invalidArgument' });
});
