// Names of tables and columns are `camelCase` in the program and `snake_case` in the database. They are written so as the text of a
// statement is made: kysely's own plugin makes a second tree of every query for it, which takes as long as all the rest.

const snake = new Map<string, string>();
const camel = new Map<string, string>();

/** `nodeId` → `node_id`. */
export function snakeCase(name: string): string {
  return known(snake, name, () => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** `node_id` → `nodeId`. */
export function camelCase(name: string): string {
  return known(camel, name, () => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
}

function known(names: Map<string, string>, name: string, make: () => string): string {
  const found = names.get(name);
  if (found !== undefined) return found;
  const made = make();
  names.set(name, made);
  return made;
}
