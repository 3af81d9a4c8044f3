// Puts the list of the folders of src/ and of what each uses into docs/architecture.md.
import { folderGraph, readImports, type FolderGraph } from './folders.ts';
import { withSection, type Marks } from './section.ts';

const MARKS: Marks = {
  begin: '<!-- Folders: made from the imports in src/ by `npm run docs`. -->',
  end: '<!-- End of the folders. -->',
};

/** `page` with the list as it is now. Throws if it has no place for it, or if folders use each other in a circle. */
export function withFolders(page: string): string {
  const graph = folderGraph(readImports());
  const lines = fromTheBottom(graph).map(
    (folder) => `${folder} → ${usedBy(graph, folder).join(', ') || '–'}`,
  );
  return withSection(page, MARKS, ['```text', ...lines, '```'].join('\n'));
}

function usedBy(graph: FolderGraph, folder: string): string[] {
  return [...(graph.get(folder) ?? [])].toSorted();
}

/** The folders so that each stands below all that it uses. */
function fromTheBottom(graph: FolderGraph): string[] {
  const left = new Set([...graph.keys(), ...[...graph.values()].flatMap((used) => [...used])].toSorted());
  const placed: string[] = [];
  while (left.size > 0) {
    const next = [...left].find((folder) => usedBy(graph, folder).every((used) => !left.has(used)));
    if (next === undefined) throw new Error(`folders use each other in a circle: ${[...left].join(', ')}`);
    left.delete(next);
    placed.push(next);
  }
  return placed;
}
