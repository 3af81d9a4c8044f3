// Which keys a zod schema knows at a place: for messages that say what would be right.
import { z } from 'zod';

const Node = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  $ref: z.string().optional(),
});

/** The keys that an object may have at `path` of the input, sorted; empty if that can't be said. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const root: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  let places: unknown[] = [root];
  for (const key of path) places = places.flatMap((place) => below(place, key));
  const keys = places.flatMap(branches).flatMap((place) => Object.keys(place.properties ?? {}));
  return [...new Set(keys)].toSorted();
}

function below(place: unknown, key: PropertyKey): unknown[] {
  return branches(place).flatMap((node) => {
    if (typeof key === 'number') return node.items === undefined ? [] : [node.items];
    const own = node.properties?.[String(key)];
    if (own !== undefined) return [own];
    return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
  });
}

/** The place itself, or what it may be one of. */
function branches(place: unknown): z.infer<typeof Node>[] {
  const parsed = Node.safeParse(place);
  if (!parsed.success) return [];
  const inner = [...(parsed.data.anyOf ?? []), ...(parsed.data.oneOf ?? [])];
  return [parsed.data, ...inner.flatMap(branches)];
}
