// Writes the documents that are made from the program's own tables.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { madeDocuments } from './made-documents.ts';

const docs = join(import.meta.dirname, '..', 'docs');
for (const [name, make] of Object.entries(madeDocuments)) {
  const file = join(docs, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    make(() => readFileSync(file, 'utf8')),
  );
}
