// Which keys a zod schema knows at a place: for messages that say what would be right.
import { z } from 'zod';

/** What of a JSON Schema says which keys there are. */
export const SchemaNode = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  $ref: z.string().optional(),
  $defs: z.record(z.string(), z.unknown()).optional(),
});
export type SchemaNode = z.infer<typeof SchemaNode>;

/** The keys that an object may have at `path` of the input, sorted; empty if that can't be said. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const root = SchemaNode.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));

  /** The place itself, what it stands for, and what it may be one of. */
  function branches(place: unknown): SchemaNode[] {
    const parsed = SchemaNode.safeParse(place);
    if (!parsed.success) return [];
    const { anyOf = [], oneOf = [], $ref = '' } = parsed.data;
    const meant = root.$defs?.[$ref.replace('#/$defs/', '')];
    return [parsed.data, ...[...anyOf, ...oneOf, ...(meant === undefined ? [] : [meant])].flatMap(branches)];
  }

  function below(node: SchemaNode, key: PropertyKey): unknown[] {
    if (typeof key === 'number') return node.items === undefined ? [] : [node.items];
    const own = node.properties?.[String(key)];
    if (own !== undefined) return [own];
    return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
  }

  let places = branches(root);
  for (const key of path) places = places.flatMap((place) => below(place, key)).flatMap(branches);
  return [...new Set(places.flatMap((place) => Object.keys(place.properties ?? {})))].toSorted();
}
