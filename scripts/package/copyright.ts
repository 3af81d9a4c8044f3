// Who made what is in a package, and under which licence: Debian's machine-readable copyright file, from what npm installed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { z } from 'zod';
import { APART, NODE } from '../build/apart.ts';

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string().default('unknown') });
const LICENCE_FILE = /^(?:licen[cs]e|copying)/i;

/** One package of npm. */
interface Part {
  /** Below node_modules. */
  folder: string;
  name: string;
  version: string;
  licence: string;
  /** Its licence's text. */
  text: string;
}

/** The file's text; most packages are built into dist/. `modules` is the installed node_modules, before its licence files are removed. */
export function copyrightFile(modules: string): string {
  const parts = packageFolders(modules).map((folder) => readPart(modules, folder));
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: lava-bridge\nSource: https://github.com/lava-bridge/lava-bridge',
    'Files: *\nCopyright: 2026 the authors of lava-bridge\nLicense: LGPL-2.1+\n On Debian systems the full text of the GNU Lesser General Public License\n version 2.1 is in /usr/share/common-licenses/LGPL-2.1.',
    builtIn(parts.filter(({ folder }) => !isApart(folder))),
    ...parts.filter(({ folder }) => isApart(folder)).map(stanza),
  ]
    .join('\n\n')
    .concat('\n');
}

const isApart = (folder: string): boolean =>
  folder.startsWith(NODE) || APART.includes(folder.split(sep)[0] ?? '');

/** What dist/ is made of: our own program and these, whose licences follow. */
function builtIn(parts: readonly Part[]): string {
  const labels = new Map(parts.map((part) => [labelOf(part), part]));
  const files = [
    'Files: usr/lib/lava-bridge/dist/*',
    `Copyright: ${['2026 the authors of lava-bridge', ...new Set(parts.flatMap(({ text, name }) => holders(text, name)))].join('\n  ')}`,
    `Comment: with ${parts.map(({ name, version }) => `${name} ${version}`).join(',\n  ')}`,
    `License: ${['LGPL-2.1+', ...labels.keys()].join(' and ')}`,
  ].join('\n');
  return [files, ...[...labels].map(([label, { text }]) => `License: ${label}\n${indented(text)}`)].join(
    '\n\n',
  );
}

function labelOf({ name, licence }: Part): string {
  return `${licence.replaceAll(/[^A-Za-z0-9.+-]/g, '-')}-of-${name.replaceAll(/[^a-z0-9.-]/gi, '-')}`;
}

function stanza(part: Part): string {
  const { folder, name, version, text } = part;
  return [
    `Files: usr/lib/lava-bridge/node_modules/${folder}/*`,
    `Copyright: ${holders(text, name).join('\n  ')}`,
    `Comment: ${name} ${version}`,
    `License: ${labelOf(part)}`,
    indented(text),
  ].join('\n');
}

function holders(text: string, name: string): string[] {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => /^copyright\b.*\d{4}|^copyright \(c\)/i.test(line)); // prettier-ignore
  const found = [...new Set(lines.map((line) => line.replace(/^copyright\s*(?:\(c\)|©)?\s*/i, '')))].filter(
    (line) => line !== '',
  );
  return found.length > 0 ? found.slice(0, 40) : [`the authors of ${name}`];
}

function indented(text: string): string {
  return text.trimEnd().split('\n').map((line) => (line.trim() === '' ? ' .' : ` ${line.replaceAll('\t', '    ').trimEnd()}`)).join('\n'); // prettier-ignore
}

/** Folders of packages below node_modules, nested ones too. */
export function packageFolders(modules: string, below = ''): string[] {
  return readdirSync(join(modules, below), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(({ name }) => {
      const folder = join(below, name);
      if (name.startsWith('@')) return packageFolders(modules, folder);
      const nested = join(folder, 'node_modules');
      return [folder, ...(existsSync(join(modules, nested)) ? packageFolders(modules, nested) : [])];
    });
}

function readPart(modules: string, folder: string): Part {
  const { name, version, license } = Manifest.parse(
    JSON.parse(readFileSync(join(modules, folder, 'package.json'), 'utf8')),
  );
  const file = readdirSync(join(modules, folder)).find((entry) => LICENCE_FILE.test(entry));
  const own = file === undefined ? '' : readFileSync(join(modules, folder, file), 'utf8');
  const text =
    license === 'Apache-2.0'
      ? 'On Debian systems the full text of the Apache License, version 2.0, is in\n/usr/share/common-licenses/Apache-2.0.'
      : own || `Under the terms of ${license}; the package comes without a text of it.`;
  return { folder, name, version, licence: license, text };
}
