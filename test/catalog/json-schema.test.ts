import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { jsonSchemaText } from '../../src/catalog/json-schema.ts';
import { DeviceType } from '../../src/catalog/board-schema.ts';
import { PlanFile } from '../../src/catalog/plan-schema.ts';
import { ROOT } from '../templates/support.ts';

const FOLDERS = [
  ['device-types', DeviceType],
  ['plans', PlanFile],
] as const;

it.each(FOLDERS)(
  '%s/schema.json is what the program checks (node scripts/write-schemas.ts)',
  (folder, schema) => {
    expect(readFileSync(join(ROOT, folder, 'schema.json'), 'utf8')).toBe(jsonSchemaText(schema));
  },
);

it.each(FOLDERS)('every file in %s names the schema for editors, and fits it', (folder) => {
  const schema: unknown = JSON.parse(readFileSync(join(ROOT, folder, 'schema.json'), 'utf8'));
  const validate = new Ajv2020({ strict: false }).compile(schema as object);
  for (const file of readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.yaml'))) {
    const text = readFileSync(join(ROOT, folder, file), 'utf8');

    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n/);
    expect({ file, valid: validate(parse(text)), errors: validate.errors }).toEqual({
      file,
      valid: true,
      errors: null,
    });
  }
});

it('refuses in an editor what the program refuses', () => {
  const schema: unknown = JSON.parse(readFileSync(join(ROOT, 'device-types', 'schema.json'), 'utf8'));
  const validate = new Ajv2020({ strict: false }).compile(schema as object);

  expect(validate({ name: 'a', arch: 'arm', boot_method: 'u-boot', dbt: 'x' })).toBe(false);
  expect(validate({ name: 'a', arch: 'arm' })).toBe(false);
});
