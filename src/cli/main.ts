// The command line: finds the command, loads only that, and turns what it throws into a message and an exit code:
// 0 done, 1 failed, 2 used wrongly, 78 (run alone) wrongly configured.
import { Command, CommanderError } from 'commander';
import { BridgeError, ConfigError, errorText } from '../core/errors.ts';
import { programVersion } from '../core/version.ts';
import { printable } from '../core/printable.ts';

type Add = (program: Command) => void;

/** By the first word: where its command is. */
const COMMANDS: Record<string, () => Promise<Add>> = {
  run: async () => (await import('./run.ts')).addRun,
  demo: async () => (await import('./demo.ts')).addDemo,
  check: async () => (await import('./check.ts')).addCheck,
  render: async () => (await import('./render.ts')).addRender,
  validate: async () => (await import('./validate.ts')).addValidate,
  translate: async () => (await import('./translate.ts')).addTranslate,
  triage: async () => (await import('./triage.ts')).addTriage,
  submit: async () => (await import('./submit.ts')).addSubmit,
  jobs: async () => (await import('./jobs.ts')).addJobs,
  boards: async () => (await import('./overview.ts')).addBoards,
  labs: async () => (await import('./overview.ts')).addLabs,
  drain: async () => (await import('./overview.ts')).addDrain,
  resume: async () => (await import('./overview.ts')).addResume,
  kcidb: async () => (await import('./kcidb.ts')).addKcidb,
  import: async () => (await import('./import.ts')).addImport,
  simulate: async () => (await import('./simulate.ts')).addSimulate,
};

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('lava-bridge')
    .description('Lets KernelCI test Linux kernels on the boards of a LAVA lab.')
    .version(programVersion(), '--version')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 used wrongly; of run, 78: the configuration is wrong.',
    )
    .exitOverride();
  const named = COMMANDS[argv[2] ?? ''];
  for (const load of named === undefined ? Object.values(COMMANDS) : [named]) (await load())(program);
  for (const command of program.commands) command.exitOverride();
  try {
    if (argv.length <= 2) program.help({ error: true });
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(error);
    return argv[2] === 'run' && isWrongConfiguration(error) ? WRONG_CONFIGURATION : 1;
  }
}

/** EX_CONFIG of sysexits.h: systemd does not start the daemon again (RestartPreventExitStatus). */
const WRONG_CONFIGURATION = 78;

function isWrongConfiguration(error: unknown): boolean {
  return error instanceof BridgeError && (error.code === 'config' || error.code === 'secret');
}

function printError(error: unknown): void {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`lava-bridge: ${printable(errorText(error))}\n`);
  if (process.env['LAVA_BRIDGE_TRACE'] === '1' && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
}

// A reader that closed our output early (head) has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv);
