// Writes device-types/schema.json and plans/schema.json from the program's own schemas.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchemaText } from '../src/catalog/json-schema.ts';
import { DeviceType } from '../src/catalog/board-schema.ts';
import { PlanFile } from '../src/catalog/plan-schema.ts';

const root = join(import.meta.dirname, '..');
for (const [folder, schema] of [
  ['device-types', DeviceType],
  ['plans', PlanFile],
] as const) {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, 'schema.json'), jsonSchemaText(schema));
}
