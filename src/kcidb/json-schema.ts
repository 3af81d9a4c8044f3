// KCIDB's schema as JSON Schema (draft-07, as kcidb-io has it), made from the one that reports are checked by.
import { z } from 'zod';
import { KcidbReport } from './schema.ts';

/** The JSON Schema (draft 7) of the reports that are sent here. */
export function kcidbJsonSchema(): object {
  const { $schema: _none, ...schema } = z.toJSONSchema(KcidbReport, {
    target: 'draft-7',
    unrepresentable: 'any',
  });
  return { title: 'kcidb', description: "A report for KernelCI's KCIDB, version 5.3", ...schema };
}
