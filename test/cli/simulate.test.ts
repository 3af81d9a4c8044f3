import { Command } from 'commander';
import { afterEach, expect, it, vi } from 'vitest';
import { addSimulate } from '../../src/cli/simulate.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it.each(['maestro', 'lava', 'kcidb'])('runs a simulated %s until it is told to stop', async (what) => {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const program = new Command().exitOverride();
  addSimulate(program);

  const running = program.parseAsync(['simulate', what], { from: 'user' });
  await vi.waitFor(() => expect(printed).toMatch(/^token +\S+$/m));
  const url = /^url +(\S+)$/m.exec(printed)?.[1] ?? '';
  const answer = await fetch(url);
  await answer.text();
  process.emit('SIGTERM');
  await running;

  expect(answer.status).toBeLessThan(500);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

it('refuses a port that is none', async () => {
  const program = new Command();
  addSimulate(program);
  for (const command of program.commands.flatMap((c) => [c, ...c.commands])) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
  }

  const failure = program.parseAsync(['simulate', 'lava', '--port', '99999'], { from: 'user' });

  await expect(failure).rejects.toThrow('a port number, 0 to 65535');
});
