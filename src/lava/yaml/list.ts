// LAVA's results are YAML that PyYAML wrote in block style, where every scalar is text to us (YAML 1.1 leaves names such as
// 1e3 unquoted, and a newer reader would make numbers of them). Items are read one by one, so that a long list takes no
// more memory than what is kept of it.
import { ParseError, PARSE_LIMITS } from '../../core/parse/limits.ts';
import { readBlockItem } from './block.ts';
import { libraryReader } from './library.ts';

/** A scalar is a string; mappings and lists nest. */
export type YamlText = string | YamlText[] | { [key: string]: YamlText };

/** The items of a YAML list of anything, in linear time. Throws ParseError. */
export function* readYamlList(text: string): Generator<YamlText> {
  const library = libraryReader('text');
  if (!/^\n*- /.test(text) || hasSharedAnchors(text))
    return yield* byLibrary(library(text, PARSE_LIMITS.yamlDocument));
  for (const item of itemsOf(text)) {
    const value = readBlockItem(item, 'text');
    if (value === undefined) yield* byLibrary(library(item));
    // Read as text, it holds nothing else.
    else yield value as { [key: string]: YamlText };
  }
}

/** The texts of a block list's items: each begins with `- ` at the begin of a line. */
function* itemsOf(text: string): Generator<string> {
  let from = text.indexOf('- ');
  while (from >= 0) {
    const next = text.indexOf('\n- ', from);
    yield next < 0 ? text.slice(from) : text.slice(from, next + 1);
    from = next < 0 ? -1 : next + 1;
  }
}

/** Whether an item names an anchor of another one: then they can't be read apart. PyYAML calls them id001 and so on. */
function hasSharedAnchors(text: string): boolean {
  if (!/\*id\d/.test(text)) return false;
  for (const item of itemsOf(text)) {
    const anchors = new Set(item.match(/(?<=&)id\d+/g));
    for (const alias of item.match(/(?<=\*)id\d+/g) ?? []) if (!anchors.has(alias)) return true;
  }
  return false;
}

function* byLibrary(value: unknown): Generator<YamlText> {
  if (value === null || value === '') return;
  if (!Array.isArray(value)) throw new ParseError('malformed', 'it is not a YAML list');
  for (const item of value) yield asText(item);
}

/** The library gives null for an empty node; every other scalar is text. */
function asText(value: unknown): YamlText {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, asText(v)]));
  }
  return '';
}
