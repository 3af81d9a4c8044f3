// The commands as data, from commander's own structure: what manual pages and completion are made from.
import type { Command, Option } from 'commander';

/** One option of a command. */
export interface OptionFacts {
  /** As help shows it, `--port <number>`. */
  flags: string;
  long: string | undefined;
  short: string | undefined;
  description: string;
  /** Whether a value follows it. */
  takesValue: boolean;
  choices: readonly string[];
}

/** One command with those below it. */
export interface CommandFacts {
  /** From the program on, `lava-bridge jobs show`. */
  path: readonly string[];
  /** Its arguments and options in short, as help shows them. */
  usage: string;
  description: string;
  arguments: readonly { term: string; description: string }[];
  options: readonly OptionFacts[];
  /** What help says below the options. */
  after: string;
  commands: readonly CommandFacts[];
}

/** Reads a program. */
export function commandFacts(command: Command, parents: readonly string[] = []): CommandFacts {
  const help = command.createHelp();
  const path = [...parents, command.name()];
  return {
    path,
    usage: command.usage(),
    description: command.description(),
    arguments: help.visibleArguments(command).map((argument) => ({
      term: help.argumentTerm(argument),
      description: help.argumentDescription(argument),
    })),
    options: help
      .visibleOptions(command)
      .map((option) => optionFacts(option, help.optionDescription(option))),
    after: afterText(command),
    commands: command.commands.map((below) => commandFacts(below, path)),
  };
}

function optionFacts(option: Option, description: string): OptionFacts {
  return {
    flags: option.flags,
    long: option.long ?? undefined,
    short: option.short ?? undefined,
    description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

/** Commander prints it while it writes help; it has no other door to it. */
function afterText(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more) });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}
