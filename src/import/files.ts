// Writes a configuration folder: YAML that a person likes to read, the same for the same input.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Document, isCollection, isMap, isPair, isSeq, type Node } from 'yaml';
import { BridgeError, errorText } from '../core/errors.ts';

/** A short collection stands on one line. */
const LINE = 100;

export interface YamlOptions {
  /** The first lines, without `#`. */
  comment: readonly string[];
  /** Keys whose entries, where they are equal, are written once, under an anchor, and only named after that. */
  share?: readonly string[];
  /** How deep a mapping may be that stands on one line. */
  depth?: number;
}

/** The text of a YAML file. */
export function yamlText(value: unknown, { comment, share = [], depth = 1 }: YamlOptions): string {
  const doc = new Document(value, { aliasDuplicateObjects: false });
  for (const key of share) shareEqual(doc, key);
  // The outermost mappings and whatever has parts of its own go down the page.
  for (const part of inside(doc.contents)) {
    if (isSeq(part)) putOnLines(part, 2, depth);
    else for (const entry of inside(part)) putOnLines(entry, 4, depthOf(entry) === 1 ? 1 : 0, depth);
  }
  const text = doc.toString({ lineWidth: 0, flowCollectionPadding: true, singleQuote: true });
  return `${comment.map(commentLine).join('')}${text}`;
}

/** A comment of one line, whatever the text: names of files and of things in a lab are other people's. */
export function commentLine(text: string): string {
  return `# ${text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')}\n`;
}

function shareEqual(doc: Document, key: string): void {
  const map = doc.get(key, true);
  if (!isMap(map)) return;
  const first = new Map<string, { name: string; node: Node }>();
  for (const pair of map.items) {
    const [name, node] = [String(pair.key), pair.value];
    if (!isCollection(node)) continue;
    const text = JSON.stringify(node);
    const other = first.get(text);
    if (other === undefined) first.set(text, { name, node });
    else pair.value = doc.createAlias(other.node as never, other.name);
  }
}

/** Puts what is short and not deeper than `most` on one line; inside of what is not, what is not deeper than `below`. */
function putOnLines(node: unknown, indent: number, most: number, below = most): void {
  if (!isCollection(node)) return;
  const text = JSON.stringify(node);
  const isShort = text.length + indent < LINE && !/\\n|[^"]*\{[a-z]+\}/.test(text);
  const isFlat = isSeq(node) ? depthOf(node) === 1 : depthOf(node) <= most;
  if (isShort && isFlat) node.flow = true;
  else for (const inner of inside(node)) putOnLines(inner, indent + 2, below);
}

/** The values in a mapping or a list; nothing in anything else. */
function inside(node: unknown): unknown[] {
  return isCollection(node) ? node.items.map((item) => (isPair(item) ? item.value : item)) : [];
}

function depthOf(node: unknown): number {
  return isCollection(node) ? 1 + Math.max(0, ...inside(node).map(depthOf)) : 0;
}

/** Files of a folder by their path below it. */
export type Folder = ReadonlyMap<string, string>;

/**
 * Writes the files. A folder that holds something already is refused, unless `force`: then files of an earlier import
 * (known by `mark` in their first line) that are no longer made are taken away, and nothing else.
 */
export async function writeFolder(dir: string, files: Folder, mark: string, force: boolean): Promise<void> {
  const there = await listed(dir);
  if (there.length > 0 && !force) {
    throw new BridgeError('not_empty', `${dir} is not empty; --force overwrites what is in it`);
  }
  try {
    for (const file of there.filter((name) => name.endsWith('.yaml') && !files.has(name))) {
      const [first = ''] = (await readFile(join(dir, file), 'utf8')).split('\n', 1);
      if (first.startsWith('#') && first.includes(mark)) await rm(join(dir, file));
    }
    for (const [file, text] of files) {
      await mkdir(dirname(join(dir, file)), { recursive: true });
      await writeFile(join(dir, file), text);
    }
  } catch (error) {
    throw new BridgeError('not_written', `${dir} cannot be written: ${errorText(error)}`, { cause: error });
  }
}

async function listed(dir: string): Promise<string[]> {
  try {
    return await readdir(dir, { recursive: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new BridgeError('not_written', `${dir} cannot be written: ${errorText(error)}`, { cause: error });
  }
}
