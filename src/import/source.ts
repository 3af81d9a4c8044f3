// Reads KernelCI's `config` folder: every YAML file below it, as PyYAML reads them (YAML 1.1, anchors, merge keys), all
// sections put together as kernelci-core does: of two entries of one name the later file's counts, lists go on.
import { readFile } from 'node:fs/promises';
import { isMap, isNode, isScalar, isSeq, LineCounter, type Document, type Tags } from 'yaml';
import type { z } from 'zod';
import { ConfigError, errorText, type Problem } from '../core/errors.ts';
import { firstIssue } from '../core/issue-path.ts';
import { overlayFiles } from '../core/overlay.ts';
import { ParseError, PARSE_LIMITS } from '../core/parse/limits.ts';
import { readYaml } from '../core/parse/yaml.ts';

/** One entry of a section, as it stands in its file. */
export interface Raw {
  name: string;
  value: unknown;
  /** `jobs.yaml:35`. */
  place: string;
}

/** A checked entry. */
export interface Entry<T> {
  name: string;
  value: T;
  place: string;
}

export interface Source {
  /** The entries of a section (`platforms`) in order; none, if there is no such section. */
  entries(section: string): readonly Raw[];
  sections(): string[];
  /** What was read in another way than it may have been meant. */
  oddities: { place: string; text: string }[];
}

/** KernelCI's own file has some hundred; more than this is an alias bomb. */
const MAX_ALIASES = 10_000;

/** Reads the folder. Throws ConfigError with the problems of all files, each at file:line:column. */
export async function readSource(dir: string): Promise<Source> {
  const sections = new Map<string, Map<string, Raw>>();
  const oddities: Source['oddities'] = [];
  const problems: Problem[] = [];
  const files = await overlayFiles({ own: dir }, '.yaml');
  if (files.length === 0) problems.push({ code: 'unreadable', file: dir, message: 'has no YAML files' });
  for (const { name, path } of files) {
    try {
      const file = parseFile(path, name, await readFile(path, 'utf8'));
      oddities.push(...file.oddities);
      for (const [section, entries] of file.sections) mergeSection(sections, section, entries, oddities);
    } catch (error) {
      problems.push(...(error instanceof ConfigError ? error.problems : [unreadable(path, error)]));
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    entries: (section) => [...(sections.get(section)?.values() ?? [])],
    sections: () => [...sections.keys()].toSorted(),
    oddities,
  };
}

function mergeSection(
  sections: Map<string, Map<string, Raw>>,
  section: string,
  entries: readonly Raw[],
  oddities: Source['oddities'],
): void {
  const known = sections.get(section) ?? new Map<string, Raw>();
  sections.set(section, known);
  for (const entry of entries) {
    const key = entry.name === '' ? `${known.size}` : entry.name;
    const other = known.get(key);
    if (other !== undefined) {
      oddities.push({
        place: entry.place,
        text: `${section}.${key} is also in ${other.place}: this one counts`,
      });
    }
    known.set(key, entry);
  }
}

function unreadable(file: string, error: unknown): Problem {
  const code = error instanceof ParseError ? error.code : 'unreadable';
  return { code, file, message: `cannot be read: ${errorText(error)}` };
}

/** The sections that an import reads. */
const NEEDED = new Set([
  'api',
  'build_configs',
  'jobs',
  'platforms',
  'rootfs',
  'runtimes',
  'scheduler',
  'storage',
]);

function topKeys(text: string): string[] {
  return [...text.matchAll(/^([A-Za-z][\w-]*):/gm)].map(([, key]) => key ?? '');
}

/** YAML 1.1 has y and n for true and false; PyYAML does not, and takes them for texts. */
function likePyYaml(tags: Tags): Tags {
  return tags.map((tag) =>
    typeof tag === 'object' && tag.tag === 'tag:yaml.org,2002:bool' && 'test' in tag && tag.test
      ? { ...tag, test: new RegExp(tag.test.source.replace(/[YN]\|[yn]\|/, '')) }
      : tag,
  );
}

interface ParsedFile {
  sections: [section: string, entries: Raw[]][];
  oddities: Source['oddities'];
}

/** `path` is for errors, `name` (below the folder) for places. */
function parseFile(path: string, name: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const read = readYaml(text, PARSE_LIMITS.yamlFile, {
    version: '1.1',
    customTags: likePyYaml,
    lineCounter: lines,
    uniqueKeys: true,
    maxFaults: 1000,
  });
  const spot = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const twice = read.faults.filter((fault) => fault.code === 'DUPLICATE_KEY');
  const faults = read.faults.filter((fault) => fault.code !== 'DUPLICATE_KEY');
  const doc = read.document;
  if (faults.length > 0 || doc === undefined) {
    // PyYAML takes some texts that are no YAML (in KernelCI's fragments, a quoted text that goes on too far left).
    const sections = topKeys(text);
    if (sections.length > 0 && !sections.some((key) => NEEDED.has(key))) {
      const [first] = faults;
      const why = `not read (${first?.message ?? ''}); nothing here needs its ${sections.join(', ')}`;
      return { sections: sections.map((key) => [key, []]), oddities: [{ place: name, text: why }] };
    }
    throw new ConfigError(
      (faults.length > 0 ? faults : twice).map(({ offset, message }): Problem => ({
        code: faults.length > 0 ? 'malformed' : 'duplicate',
        file: path,
        ...spot(offset),
        message,
      })),
    );
  }
  const place = (offset: number | undefined): string =>
    offset === undefined ? name : `${name}:${spot(offset).line}`;
  const whole = asJs(doc, path);
  if (whole === null || whole === undefined) return { sections: [], oddities: [] };
  if (typeof whole !== 'object' || Array.isArray(whole)) {
    throw new ConfigError([{ code: 'malformed', file: path, line: 1, message: 'is no mapping of sections' }]);
  }
  return {
    sections: Object.entries(whole).flatMap(([section, value]): ParsedFile['sections'] =>
      section === '_anchors' ? [] : [[section, sectionEntries(doc, section, value, place)]],
    ),
    oddities: twice.map((e) => ({
      place: place(e.offset),
      text: 'a key stands here twice: the last counts',
    })),
  };
}

function asJs(doc: Document.Parsed, path: string): unknown {
  try {
    return doc.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new ConfigError([{ code: 'too_complex', file: path, message: errorText(error) }]);
  }
}

function sectionEntries(
  doc: Document.Parsed,
  section: string,
  value: unknown,
  place: (offset: number | undefined) => string,
): Raw[] {
  const node = doc.get(section, true);
  const own = isNode(node) ? node.range?.[0] : undefined;
  if (Array.isArray(value)) {
    return value.map((item: unknown, i) => {
      const at = isSeq(node) ? node.items[i] : undefined;
      return { name: '', value: item, place: place((isNode(at) ? at.range?.[0] : undefined) ?? own) };
    });
  }
  if (value === null || typeof value !== 'object') return [];
  const keys = new Map<unknown, number | undefined>();
  for (const { key } of isMap(node) ? node.items : []) {
    if (isScalar(key)) keys.set(String(key.value), key.range?.[0]);
  }
  return Object.entries(value).map(([name, item]) => ({
    name,
    value: item as unknown,
    place: place(keys.get(name) ?? own),
  }));
}

/**
 * Checks the entries of a section; what does not fit is left out and passed to `refuse`, in words for people.
 */
export function checkEntries<S extends z.ZodType>(
  entries: readonly Raw[],
  schema: S,
  refuse: (entry: Raw, reason: string) => void,
): Entry<z.output<S>>[] {
  return entries.flatMap((entry) => {
    const parsed = schema.safeParse(entry.value);
    if (parsed.success) return [{ ...entry, value: parsed.data }];
    refuse(entry, `${entry.place}: ${firstIssue(parsed.error).text}`);
    return [];
  });
}
