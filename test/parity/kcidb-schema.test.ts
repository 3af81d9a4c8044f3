// Our schema of KCIDB's documents against KCIDB's own JSON Schema and against documents whose verdict by kcidb-io is known.
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { isDateTime, isEmail } from '../../src/kcidb/formats.ts';
import { KcidbReport } from '../../src/kcidb/schema.ts';
import { referencePath } from './folder.ts';

const Versioned = z.looseObject({
  version: z.looseObject({ major: z.number(), minor: z.number().optional() }),
});

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8')) as unknown;
const isValid = (document: unknown): boolean => KcidbReport.safeParse(document).success;

const ajv = new Ajv({ strict: false });
addFormats.default(ajv);
ajv.addFormat('date-time', { validate: isDateTime });
ajv.addFormat('email', { validate: isEmail });
const byJsonSchema = ajv.compile(
  z.looseObject({}).parse(read(referencePath('reference/kcidb-schema-v5.3.json'))),
);

const samples = readdirSync(referencePath('reference/kcidb-samples')).map((name) => {
  const document = read(referencePath('reference/kcidb-samples', name));
  const { version } = Versioned.parse(document);
  return { name, document, isOurs: version.major === 5 && version.minor === 3 };
});

it.each(samples)("kcidb-io's verdict on $name is ours, for documents of our version", (sample) => {
  const { name, document, isOurs } = sample;
  expect(isValid(document)).toBe(isOurs && !name.startsWith('bad'));
});

// JavaScript's `$` does not match before a final line break, as Python's does.
const comparable = samples.filter(({ name, isOurs }) => isOurs && name !== 'ok_path_newline.json');

it.each(comparable)("the JSON Schema's verdict on $name is ours", ({ document }) => {
  expect(isValid(document)).toBe(byJsonSchema(document));
});
