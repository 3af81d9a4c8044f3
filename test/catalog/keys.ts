// Walks a schema of a file that an admin writes: every key that may stand in it.
import { z } from 'zod';
import { SchemaNode } from '../../src/core/known-keys.ts';

/**
 * The dotted paths of all keys that have no keys of their own below them. `*` stands for names that the admin chooses;
 * lists are passed through.
 */
export function leafKeys(schema: z.ZodType): string[] {
  const root = SchemaNode.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const found = new Set<string>();

  function meanings(place: unknown, seen: readonly string[] = []): SchemaNode[] {
    const parsed = SchemaNode.safeParse(place);
    if (!parsed.success) return [];
    const { anyOf = [], oneOf = [], items, $ref = '' } = parsed.data;
    if (seen.includes($ref)) return [];
    const meant = root.$defs?.[$ref.replace('#/$defs/', '')];
    const more = [...anyOf, ...oneOf, ...(items === undefined ? [] : [items]), ...(meant ? [meant] : [])];
    const inside = $ref === '' ? seen : [...seen, $ref];
    return [parsed.data, ...more.flatMap((one) => meanings(one, inside))];
  }

  function visit(place: unknown, path: readonly string[]): void {
    const below = meanings(place).flatMap(({ properties = {}, additionalProperties }) => [
      ...Object.entries(properties),
      ...(isObject(additionalProperties) ? [['*', additionalProperties] as const] : []),
    ]);
    const named = below.filter(([key, value]) => key !== '*' || hasKeys(value));
    if (named.length === 0) found.add(path.join('.'));
    for (const [key, value] of named) visit(value, [...path, key]);
  }

  function hasKeys(place: unknown): boolean {
    return meanings(place).some(({ properties }) => properties !== undefined);
  }

  visit(root, []);
  return [...found].toSorted();
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
