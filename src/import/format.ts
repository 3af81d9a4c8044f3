// Python's format strings, as KernelCI's scheduler fills in parameters: `{name}` for a value, `{{` and `}}` for braces.
// A text with a name that is not known stays as it is, all of it.

/** The words that a rootfs URL may hold until a board is known (src/catalog/rootfs.ts). */
const LATER = ['arch', 'brarch', 'debarch', 'crosarch', 'karch'] as const;

/** For texts whose board is not known yet: braces are read, the architecture's words stay. */
export const LATER_WORDS: Readonly<Record<string, string>> = Object.fromEntries(
  LATER.map((word) => [word, `{${word}}`]),
);

export interface Formatted {
  text: string;
  /** The names and stray braces that nothing was put in for. */
  unknown: string[];
}

/** Fills in a text. With anything unknown in it, it stays as it was. */
export function formatText(text: string, words: Readonly<Record<string, string>>): Formatted {
  const unknown: string[] = [];
  const filled = text.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (part, name: string | undefined) => {
    if (part === '{{') return '{';
    if (part === '}}') return '}';
    if (name !== undefined && Object.hasOwn(words, name)) return words[name] ?? '';
    unknown.push(part);
    return part;
  });
  return unknown.length > 0 ? { text, unknown } : { text: filled, unknown };
}

/** Fills in every text inside a value; `unknown` hears of what was not known. */
export function formatValue(
  value: unknown,
  words: Readonly<Record<string, string>>,
  unknown: (parts: readonly string[]) => void,
): unknown {
  if (typeof value === 'string') {
    const formatted = formatText(value, words);
    if (formatted.unknown.length > 0) unknown(formatted.unknown);
    return formatted.text;
  }
  if (Array.isArray(value)) return value.map((item) => formatValue(item, words, unknown));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, formatValue(inner, words, unknown)]),
  );
}
