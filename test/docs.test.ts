// What README and docs print must be there: commands with their options, npm's scripts, and the files that links lead to.
// What is made from the program's own tables must be as they are.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { madeDocuments } from '../scripts/made-documents.ts';
import { createProgram } from '../src/cli/program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** Commands in code, `jobs show` and its options, from all pages: each once. */
function commandsIn(text: string): string[] {
  const inline = [...text.matchAll(/`(lava-bridge [^`]+)`/g)].map(([, code = '']) => code);
  const blocks = [...text.matchAll(/^ {4,}(?:\$ )?(lava-bridge .+)$/gm)].map(([, code = '']) => code);
  return [...inline, ...blocks].map((code) => code.replace(/\s(?:#|>|\|).*$/, '').trim());
}

const GROUPS = ['jobs', 'kcidb', 'import', 'simulate', 'store'];
const commands = [...new Set(PAGES.flatMap((page) => commandsIn(textOf(page))))]
  .map((command) => command.split(/\s+/).slice(1))
  .filter(([name]) => /^[a-z]/.test(name ?? ''));

/** A command's words without its arguments, and the options that it is shown with. */
function partsOf(words: readonly string[]): { path: string[]; options: string[] } {
  const isGroup = GROUPS.includes(words[0] ?? '') && /^[a-z][a-z-]+$/.test(words[1] ?? '');
  return {
    path: words.slice(0, isGroup ? 2 : 1),
    options: words.map((word) => word.replace(/[[\],]/g, '')).filter((word) => /^--?[a-z]/.test(word)),
  };
}

const program = await createProgram();

/** What a command says of itself; undefined if there is no such command. */
function helpOf(path: readonly string[]): string | undefined {
  let command: Command | undefined = program;
  for (const name of path) command = command?.commands.find((one) => one.name() === name);
  return command?.helpInformation();
}

describe('README and docs', () => {
  it.each(commands.map((words) => ({ command: words.join(' '), ...partsOf(words) })))(
    'print a command that is there: lava-bridge $command',
    ({ path, options }) => {
      const help = helpOf(path);
      expect(help).toContain(`Usage: lava-bridge ${path.join(' ')}`);
      for (const option of options) expect(help).toMatch(new RegExp(`(?:^|[\\s,])${option}\\b`));
    },
  );

  it.each(PAGES)('name scripts of npm that are there: %s', (page) => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const named = [...textOf(page).matchAll(/npm\s+run\s+([a-z][a-z0-9:-]*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it.each(PAGES)('link to files that are there: %s', (page) => {
    const links = [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, to = '']) => to,
    );
    expect(links.filter((to) => !existsSync(join(ROOT, dirname(page), to)))).toEqual([]);
  });

  it.each(Object.entries(madeDocuments))('hold what `npm run docs` makes: docs/%s', (name, make) => {
    const text = textOf(`docs/${name}`);
    expect(make(() => text)).toBe(text);
  });
});
