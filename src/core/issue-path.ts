// Where a schema finds a fault.
import type { z } from 'zod';

/** The place of an issue, dotted (`actions.0.boot`); where one key is one too many, that key is the place. */
export function issuePath(issue: z.core.$ZodIssue): string {
  const extra = issue.code === 'unrecognized_keys' && issue.keys.length === 1 ? issue.keys : [];
  return [...issue.path, ...extra].map(String).join('.');
}

/** What is wrong first, for a message: the place (undefined for the whole value), and `place: what would be right`. */
export function firstIssue(error: z.core.$ZodError): { field: string | undefined; text: string } {
  const [issue] = error.issues;
  if (issue === undefined) return { field: undefined, text: 'is not valid' };
  const field = issuePath(issue);
  return field === ''
    ? { field: undefined, text: issue.message }
    : { field, text: `${field}: ${issue.message}` };
}
