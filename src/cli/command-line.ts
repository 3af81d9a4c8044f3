// The command line: runs the command that is named, and turns what it throws into a message and an exit code:
// 0 done, 1 failed, 2 used wrongly, 78 (run alone) wrongly configured, or not the version for the store.
import { CommanderError, type Command } from 'commander';
import type { ErrorCode } from '../core/error-codes.ts';
import { BridgeError, ConfigError, errorText } from '../core/errors.ts';
import { isJournal } from '../core/journal-stream.ts';
import { priorityOf } from '../core/log-record.ts';
import { printable } from '../core/printable.ts';
import { createProgram } from './program.ts';

/** Runs the command that the arguments name (of the whole process: the program's first); gives the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const program = await createProgram(argv[2]);
  throwInPlaceOfExit(program);
  try {
    if (argv.length <= 2) program.help({ error: true });
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(error);
    return argv[2] === 'run' && needsAdmin(error) ? NEEDS_ADMIN : 1;
  }
}

/** A command that is used wrongly throws, so that its exit code is ours to say. */
function throwInPlaceOfExit(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwInPlaceOfExit);
}

/** EX_CONFIG of sysexits.h: systemd does not start the daemon again (RestartPreventExitStatus). */
const NEEDS_ADMIN = 78;
/** What another start would not change. */
const LASTING: ReadonlySet<ErrorCode> = new Set(['config', 'secret', 'newer_store']);

function needsAdmin(error: unknown): boolean {
  return error instanceof BridgeError && LASTING.has(error.code);
}

function lineOf(error: unknown): string {
  const text = `lava-bridge: ${printable(errorText(error))}`;
  return error instanceof BridgeError ? `${text} [${error.code}]` : text;
}

function printError(error: unknown): void {
  const text = error instanceof ConfigError ? error.message : lineOf(error);
  // In the journal each line carries its priority.
  process.stderr.write(`${isJournal(2) ? text.replaceAll(/^/gm, `<${priorityOf('error')}>`) : text}\n`);
  if (process.env['LAVA_BRIDGE_TRACE'] === '1' && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
}
