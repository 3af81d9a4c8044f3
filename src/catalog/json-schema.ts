// The JSON Schemas that editors use (`# yaml-language-server: $schema=…`), made from the same schemas that the
// program checks with. `node scripts/write-schemas.ts` writes them.
import { z } from 'zod';

/** The JSON Schema (draft 2020-12) of a file's schema, as text with a last newline. */
export function jsonSchemaText(schema: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), null, 2)}\n`;
}
