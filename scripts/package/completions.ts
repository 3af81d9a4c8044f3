// Completion of commands and options for bash, zsh and fish. A word that is no option is completed as a file name.
import type { CommandFacts, OptionFacts } from './command-tree.ts';

/** All commands, the program first. */
function all(command: CommandFacts): CommandFacts[] {
  return [command, ...command.commands.flatMap(all)];
}

const words = ({ path }: CommandFacts): string => path.slice(1).join(' ');
const names = ({ long, short }: OptionFacts): string[] => [long, short].filter((name) => name !== undefined);

/** For /usr/share/bash-completion/completions/lava-bridge. */
export function bashCompletion(program: CommandFacts): string {
  const cases = all(program).map((command) => {
    const offered = [...command.commands.map(({ path }) => path.at(-1)), ...command.options.flatMap(names)];
    return `    ${quoted(words(command))}) offered=${quoted(offered.join(' '))} ;;`;
  });
  const groups = all(program).filter(({ commands }) => commands.length > 0);
  const values = choices(program).map(
    ([command, option]) =>
      `    ${quoted(`${words(command)} ${option.long ?? ''}`)}) offered=${quoted(option.choices.join(' '))} ;;`,
  );
  return `# bash completion of lava-bridge
_lava_bridge() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command='' word offered=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case "$command|$word" in
${groups.map((group) => group.commands.map((below) => `    ${quoted(`${words(group)}|${below.path.at(-1) ?? ''}`)}) command=${quoted(words(below))} ;;`).join('\n')).join('\n')}
    esac
  done
  case "$command" in
${cases.join('\n')}
  esac
  case "$command $before" in
${values.length === 0 ? '    *) ;;' : values.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$current")
}
complete -o default -F _lava_bridge lava-bridge
`;
}

/** For /usr/share/zsh/vendor-completions/_lava-bridge. */
export function zshCompletion(program: CommandFacts): string {
  const functions = all(program).map((command) => {
    const specs = command.options.flatMap((option) => names(option).map((name) => zshOption(name, option)));
    const below =
      command.commands.length === 0
        ? ["'*:file:_files'"]
        : ["'1:command:->command'", "'*::arguments:->arguments'"];
    const listed = command.commands.map(({ path, description }) =>
      quoted(`${path.at(-1) ?? ''}:${description}`),
    );
    const go = command.commands.map((sub) => `        ${sub.path.at(-1) ?? ''}) ${zshName(sub)} ;;`);
    return `${zshName(command)}() {
  local state line
  local -a commands
  _arguments -C \\
    ${[...specs, ...below].join(' \\\n    ')}
${
  command.commands.length === 0
    ? ''
    : `  case $state in
    command)
      commands=(
        ${listed.join('\n        ')}
      )
      _describe command commands
      ;;
    arguments)
      case $line[1] in
${go.join('\n')}
      esac
      ;;
  esac
`
}}`;
  });
  return `#compdef lava-bridge\n\n${functions.join('\n\n')}\n\n${zshName(program)} "$@"\n`;
}

function zshName({ path }: CommandFacts): string {
  return `_${path.join('_').replaceAll('-', '_')}`;
}

function zshOption(name: string, { description, takesValue, choices: offered }: OptionFacts): string {
  const value = offered.length > 0 ? `:value:(${offered.join(' ')})` : takesValue ? ':value:_files' : '';
  return quoted(`${name}[${description.replaceAll(/([[\]:])/g, '\\$1')}]${value}`);
}

/** For /usr/share/fish/vendor_completions.d/lava-bridge.fish. */
export function fishCompletion(program: CommandFacts): string {
  const lines = all(program).flatMap((command) => {
    const here = `-n ${quoted(fishWhere(command))}`;
    const below = command.commands.map(
      ({ path, description }) =>
        `complete -c lava-bridge ${here} -f -a ${quoted(path.at(-1) ?? '')} -d ${quoted(description)}`,
    );
    const options = command.options.map(({ long, short, takesValue, choices: offered, description }) =>
      [
        `complete -c lava-bridge ${here}`,
        short === undefined ? '' : `-s ${short.slice(1)}`,
        long === undefined ? '' : `-l ${long.slice(2)}`,
        takesValue ? '-r' : '',
        offered.length > 0 ? `-f -a ${quoted(offered.join(' '))}` : '',
        `-d ${quoted(description)}`,
      ]
        .filter((part) => part !== '')
        .join(' '),
    );
    return [...below, ...options];
  });
  return `# fish completion of lava-bridge\n${lines.join('\n')}\n`;
}

/** When the words so far name this command, and none below it. */
function fishWhere({ path, commands }: CommandFacts): string {
  if (path.length === 1) return '__fish_use_subcommand';
  const within = path.slice(1).map((name) => `__fish_seen_subcommand_from ${name}`);
  const below = commands.map(({ path: sub }) => sub.at(-1) ?? '').join(' ');
  return [...within, ...(below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`])].join('; and ');
}

function choices(program: CommandFacts): [CommandFacts, OptionFacts][] {
  return all(program).flatMap((command) =>
    command.options
      .filter((option) => option.choices.length > 0)
      .map((option): [CommandFacts, OptionFacts] => [command, option]),
  );
}

/** For all three shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
