// The commands of README and docs: all lines of their code blocks that a shell would run. Each is run in the box as it stands
// there, or is in the table below with the reason why it is not.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** One command of a page. */
export interface Command {
  page: string;
  line: number;
  /** Without the comment behind it; lines that go on are one. */
  text: string;
}

/** What a command begins with. A block's other lines are files. */
const PROGRAM =
  /^(?:lava-bridge|systemctl|apt-get|apt|npm|npx|node|node_modules\/\S+|tar|\/opt\/\S+|install|dpkg|\$EDITOR|cd|mv|cp|rm|git|curl|journalctl|openssl|test\/\S+|\.ci\/\S+|sudo|sed|nginx|caddy|ln|pg_\w+)(?:\s|$)/;

/** Why a command is not run in the box. */
const REASONS = {
  ci: '`.ci/run` runs it in a clone of its own, or `npm test` does',
  made: 'it makes what this test installs, and has run before',
  long: 'it runs for a quarter of an hour and more, and `npm test` has smaller ones of it',
  network: 'it fetches from nodejs.org',
  postgres: 'the box has no PostgreSQL; the tests of the store run on one',
} as const;

const NOT_HERE: readonly [command: RegExp, reason: keyof typeof REASONS, page?: string][] = [
  [/^npm (?:run )?(?:demo|test|test:long)$/, 'ci'],
  [/^npm run types && npm run lint && npm test$/, 'ci'],
  [/^git clone URL lava-bridge && cd lava-bridge$/, 'ci'],
  [/^npm run setup$/, 'ci'],
  [/^node_modules\/\.bin\/node src\/cli\/main\.ts run --config FILE$/, 'ci'],
  [/^npm run --silent sbom > sbom\.json$/, 'ci'],
  [/^npm run deb$/, 'made'],
  [/^npm run chaos\b/, 'long'],
  [/^node test\/fuzz\/(?:main|parsers)\.ts /, 'long'],
  [/./, 'postgres', 'docs/postgresql.md'],
  [/^(?:curl|tar) .*\bnode-\$v-linux-x64/, 'network'],
];

/** All pages with commands, README first. */
export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** The commands of a page, in their order. */
export function commandsOf(page: string): Command[] {
  const commands: Command[] = [];
  let [isFenced, isShell] = [false, false];
  let begun: Command | undefined;
  for (const [index, whole] of textOf(page).split('\n').entries()) {
    const fence = /^```(\w*)/.exec(whole);
    if (fence) {
      isFenced = !isFenced;
      isShell = isFenced && ['', 'sh', 'bash'].includes(fence[1] ?? '');
      continue;
    }
    const code = isFenced ? (isShell ? whole : undefined) : /^ {4}(\S.*)$/.exec(whole)?.[1];
    if (begun !== undefined) {
      begun.text = begun.text.replace(/\\$/, '') + whole.trim();
      if (!begun.text.endsWith('\\')) begun = undefined;
    } else if (code !== undefined && PROGRAM.test(code)) {
      const command = { page, line: index + 1, text: code.replace(/\s+#\s.*$/, '').trim() };
      commands.push(command);
      if (command.text.endsWith('\\')) begun = command;
    }
  }
  return commands;
}

/** Why a command is not run in the box; undefined: it is. */
export function reasonNotToRun(command: Command): string | undefined {
  const found = NOT_HERE.find((row) => isMeant(row, command));
  return found && REASONS[found[1]];
}

function isMeant([words, , only]: (typeof NOT_HERE)[number], { page, text }: Command): boolean {
  return (only === undefined || only === page) && words.test(text);
}

/** The lines of the table that no page has a command for. */
export function staleReasons(): string[] {
  const all = PAGES.flatMap(commandsOf);
  return NOT_HERE.filter((row) => !all.some((command) => isMeant(row, command))).map(
    ([words]) => words.source,
  );
}

/** The fenced block of a page that holds these words. Throws if there is none. */
export function fileIn(page: string, words: string): string {
  const blocks = [...textOf(page).matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const found = blocks.find((block) => block.includes(words));
  if (found === undefined) throw new Error(`${page} has no block with ${words}`);
  return found;
}
