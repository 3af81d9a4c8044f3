// How the folders of src/ depend on each other: read by the test of the structure, and listed in docs/architecture.md.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** What one file takes from another, or from a package: paths are relative to src/. */
export interface Import {
  from: string;
  to: string;
}

/** All imports between files of src/, and those of Node's own modules and packages (`node:fs`, `zod`). */
export function readImports(): Import[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((from) =>
    [...readFileSync(join(SRC, from), 'utf8').matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(
      ([, name = '']) => ({
        from,
        to: name.startsWith('.') ? relative(SRC, normalize(join(SRC, dirname(from), name))) : name,
      }),
    ),
  );
}

/** The folder of src/ that a file lies in; files directly below src/ stand for themselves. */
export function folderOf(file: string): string {
  return file.split('/')[0] ?? file;
}

/** By folder: those that it takes something from. */
export type FolderGraph = ReadonlyMap<string, ReadonlySet<string>>;

/** Which folders each folder takes something from. */
export function folderGraph(imports: readonly Import[]): FolderGraph {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (!to.endsWith('.ts') || folderOf(from) === folderOf(to)) continue;
    const targets = graph.get(folderOf(from)) ?? new Set();
    graph.set(folderOf(from), targets.add(folderOf(to)));
  }
  return graph;
}

/** A way from a folder back to itself, if there is one. */
export function findCircle(graph: FolderGraph): string[] | undefined {
  const finished = new Set<string>();
  const visit = (node: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (finished.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...way, node]);
      if (circle !== undefined) return circle;
    }
    finished.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
