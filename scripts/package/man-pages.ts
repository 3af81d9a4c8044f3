// Manual pages in section 1: lava-bridge.1, and one for each command.
import type { CommandFacts } from './command-tree.ts';

/** File names and texts. `version` and `date` (YYYY-MM-DD) stand in the foot. */
export function manPages(
  program: CommandFacts,
  { version, date }: { version: string; date: string },
): Map<string, string> {
  const head = (name: string): string =>
    `.TH ${quoted(name.toUpperCase())} 1 ${quoted(date)} ${quoted(`lava-bridge ${version}`)}\n`;
  const pages = new Map<string, string>();
  pages.set('lava-bridge.1', head('lava-bridge') + mainPage(program));
  for (const command of program.commands) {
    const name = command.path.join('-');
    pages.set(`${name}.1`, head(name) + commandPage(command, name));
  }
  return pages;
}

function mainPage(program: CommandFacts): string {
  const see = program.commands.map(({ path }) => `.BR ${path.join('-')} (1)`).join(',\n');
  return [
    section('NAME', `lava-bridge \\- ${text(lowered(program.description))}`),
    section('SYNOPSIS', synopsis(program)),
    section(
      'DESCRIPTION',
      `${text(program.description)}\nThe daemon is\n.BR "lava-bridge run" ;\nsystemd starts it as lava-bridge.service. The other commands talk to it, or work by themselves.`,
    ),
    section(
      'COMMANDS',
      program.commands.map((command) => item(command.path.slice(1).join(' '), command.description)).join(''),
    ),
    section('OPTIONS', options(program)),
    section('NOTES', paragraphs(program.after)),
    section('FILES', files()),
    section('SEE ALSO', `${see}.\n.PP\n/usr/share/doc/lava\\-bridge`),
  ].join('');
}

function files(): string {
  return [
    item('/etc/lava-bridge/lava-bridge.yaml', 'the configuration'),
    item('/etc/lava-bridge/secrets/', 'its secrets, a file each; systemd hands them to the daemon'),
    item('/etc/lava-bridge/environment', 'what { env: NAME } finds, NAME=VALUE a line'),
    item('/var/lib/lava-bridge/', "the daemon's state"),
  ].join('');
}

function commandPage(command: CommandFacts, name: string): string {
  return [
    section('NAME', `${text(name)} \\- ${text(command.description)}`),
    section('SYNOPSIS', [command, ...command.commands].filter(isRunnable).map(synopsis).join('.br\n')),
    section('DESCRIPTION', `${text(capital(command.description))}.`),
    section(
      'ARGUMENTS',
      command.arguments.map((argument) => item(argument.term, argument.description)).join(''),
    ),
    section('OPTIONS', options(command)),
    ...command.commands.map((below) =>
      section(below.path.slice(2).join(' ').toUpperCase(), subCommand(below)),
    ),
    section('NOTES', paragraphs(command.after)),
    section('SEE ALSO', '.BR lava-bridge (1)'),
  ].join('');
}

function isRunnable(command: CommandFacts): boolean {
  return command.commands.length === 0;
}

function subCommand(command: CommandFacts): string {
  const all = [
    ...command.arguments.map(({ term, description }) => item(term, description)),
    options(command),
  ];
  return `${text(capital(command.description))}.\n${all.join('')}${command.after === '' ? '' : `.PP\n${paragraphs(command.after)}`}`;
}

function synopsis({ path, usage }: CommandFacts): string {
  return `.B ${text(path.join(' '))}\n${text(usage)}\n`;
}

function options(command: CommandFacts): string {
  return command.options.map(({ flags, description }) => item(flags, description)).join('');
}

function item(term: string, description: string): string {
  return `.TP\n.B ${text(term)}\n${text(description)}\n`;
}

/** Nothing for an empty one. */
function section(title: string, body: string): string {
  return body === '' ? '' : `.SH ${quoted(title)}\n${body.trimEnd()}\n`;
}

/** Lines as they stand: help is laid out by hand. */
function paragraphs(after: string): string {
  return after === '' ? '' : `.nf\n${after.split('\n').map(text).join('\n')}\n.fi\n`;
}

/** Plain text for roff: no escapes, no requests, hyphens that can be copied. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

function quoted(plain: string): string {
  return `"${text(plain).replaceAll('"', '\\(dq')}"`;
}

function capital(plain: string): string {
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

function lowered(plain: string): string {
  return (plain.charAt(0).toLowerCase() + plain.slice(1)).replace(/\.$/, '');
}
