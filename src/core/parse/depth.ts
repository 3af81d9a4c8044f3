// The depth of a value that is read already.

/** Whether a parsed value has at most `maxDepth` objects and lists inside each other. Takes no stack, however deep it is. */
export function isWithinDepth(value: unknown, maxDepth: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    level = level.filter(isContainer);
    if (depth >= maxDepth) return level.length === 0;
    level = level.flatMap((container) => Object.values(container as object));
  }
  return true;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
