// Keeps a bounded part of a stream of lines: its end, or a place in it with what stands around.

/** A KCIDB log excerpt's longest (code points; its UTF-16 length may be twice that). */
export const EXCERPT_CHARS = 16_384;

/** The last lines of a stream, at least `chars` characters of them if there were as many. */
export interface Tail {
  push: (line: string) => void;
  text: () => string;
}

const LONGEST_LINE = 4096;

export function createTail(chars: number): Tail {
  let lines: string[] = [];
  let size = 0;
  return {
    push: (line) => {
      const kept = line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line;
      lines.push(kept);
      size += kept.length + 1;
      if (size > 2 * chars) {
        lines = lastLines(lines, chars);
        size = lines.reduce((sum, l) => sum + l.length + 1, 0);
      }
    },
    text: () => lastLines(lines, chars).join('\n'),
  };
}

/** The whole lines at the end that fit in `chars`; at least one. */
function lastLines(lines: string[], chars: number): string[] {
  let size = 0;
  let from = lines.length;
  while (from > 0) {
    size += (lines[from - 1] ?? '').length + 1;
    if (size > chars && from < lines.length) break;
    from--;
  }
  return lines.slice(from);
}

/** What came just before a place, and what comes after it until it is full. */
export interface Scene {
  push: (line: string) => void;
  text: () => string;
}

export function createScene(before: Tail, chars: number): Scene {
  const lines = lastLines(before.text().split('\n'), chars / 4);
  let size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  return {
    push: (line) => {
      if (size >= chars) return;
      const kept = line.slice(0, chars - size);
      lines.push(kept);
      size += kept.length + 1;
    },
    text: () => lines.join('\n'),
  };
}
