// KCIDB's report format, version 5.3 (kernelci/kcidb-io kcidb_io/schema/v05_03.py): what the server checks, so that it
// is checked here first. The server refuses a whole file for one bad object; here each object is judged for itself.
import { z } from 'zod';
import { PermanentError } from '../core/errors.ts';
import { fitsCodePoints, isDateTime, isEmail, isUri, PATTERNS } from './formats.ts';

/** The version of the schema that reports are written in. */
export const KCIDB_VERSION = { major: 5, minor: 3 } as const;
/** The longest log excerpt, in code points. */
export const MAX_EXCERPT = 16_384;

const text = z.string().regex(PATTERNS.text, 'text without NUL');
const origin = z.string().regex(PATTERNS.origin, 'lower-case letters, digits and _ only');
const id = z.string().regex(PATTERNS.id, '<origin>:<anything but NUL>');
const path = z.string().regex(PATTERNS.path, 'names of A-Z a-z 0-9 _ - joined by single dots');
const dateTime = z
  .string()
  .refine(isDateTime, 'an RFC 3339 time with T and a zone')
  .meta({ format: 'date-time' });
const uri = z.string().refine(isUri, 'an absolute URI (RFC 3986)').meta({ format: 'uri' });
const integer = z.number().refine(Number.isInteger, 'an integer').min(0).meta({ type: 'integer' });
const excerpt = text
  .refine((v) => fitsCodePoints(v, MAX_EXCERPT), `at most ${MAX_EXCERPT} characters`)
  .meta({ maxLength: MAX_EXCERPT });
const misc = z.record(z.string(), z.unknown());

const resource = z.strictObject({
  name: z.string().regex(PATTERNS.fileName, 'a file name without /'),
  url: uri,
});

const status = z.enum(['FAIL', 'ERROR', 'MISS', 'PASS', 'DONE', 'SKIP']);

/** A checkout, with the fields of version 5.3. */
export const KcidbCheckout = z.strictObject({
  _timestamp: dateTime.optional(),
  id,
  origin,
  tree_name: text.optional(),
  git_repository_url: uri.regex(PATTERNS.httpsUrl, 'an https URL').optional(),
  git_commit_hash: z.string().regex(PATTERNS.sha1, '40 hex digits').optional(),
  git_commit_name: text.optional(),
  git_commit_tags: z.array(text).optional(),
  git_commit_message: text.optional(),
  git_repository_branch: text.optional(),
  git_repository_branch_tip: z.boolean().optional(),
  patchset_files: z.array(resource).optional(),
  patchset_hash: z.string().regex(PATTERNS.patchset, 'empty or 64 hex digits').optional(),
  message_id: z.string().refine(isEmail, 'a message id with @').meta({ format: 'email' }).optional(),
  comment: text.optional(),
  start_time: dateTime.optional(),
  origin_builds_finish_time: dateTime.optional(),
  origin_tests_finish_time: dateTime.optional(),
  log_url: uri.optional(),
  log_excerpt: excerpt.optional(),
  valid: z.boolean().optional(),
  misc: misc.optional(),
});
export type KcidbCheckout = z.infer<typeof KcidbCheckout>;

/** A build, with the fields of version 5.3. */
export const KcidbBuild = z.strictObject({
  _timestamp: dateTime.optional(),
  checkout_id: id,
  id,
  origin,
  comment: text.optional(),
  start_time: dateTime.optional(),
  duration: z.number().optional(),
  architecture: z.string().regex(PATTERNS.architecture, 'a-z, 0-9 and _ only').optional(),
  command: text.optional(),
  compiler: text.optional(),
  input_files: z.array(resource).optional(),
  output_files: z.array(resource).optional(),
  config_name: text.optional(),
  config_url: uri.optional(),
  log_url: uri.optional(),
  log_excerpt: excerpt.optional(),
  status: status.optional(),
  misc: misc.optional(),
});
export type KcidbBuild = z.infer<typeof KcidbBuild>;

/** A test, with the fields of version 5.3. */
export const KcidbTest = z.strictObject({
  _timestamp: dateTime.optional(),
  build_id: id,
  id,
  origin,
  environment: z
    .strictObject({
      compatible: z.array(z.string().regex(PATTERNS.compatible, 'vendor,device')).optional(),
      comment: text.optional(),
      misc: misc.optional(),
    })
    .optional(),
  path: path.optional(),
  comment: text.optional(),
  log_url: uri.optional(),
  log_excerpt: excerpt.optional(),
  status: status.optional(),
  number: z
    .strictObject({
      value: z.number(),
      unit: text.optional(),
      prefix: z.enum(['metric', 'binary']).optional(),
    })
    .optional(),
  start_time: dateTime.optional(),
  duration: z.number().optional(),
  input_files: z.array(resource).optional(),
  output_files: z.array(resource).optional(),
  misc: misc.optional(),
});
export type KcidbTest = z.infer<typeof KcidbTest>;

/** An issue, with the fields of version 5.3. */
export const KcidbIssue = z.strictObject({
  _timestamp: dateTime.optional(),
  id,
  version: integer,
  origin,
  categories: z.array(path).optional(),
  report_url: uri.optional(),
  report_subject: text.optional(),
  culprit: z
    .strictObject({
      code: z.boolean().optional(),
      tool: z.boolean().optional(),
      harness: z.boolean().optional(),
    })
    .optional(),
  comment: text.optional(),
  misc: misc.optional(),
});
export type KcidbIssue = z.infer<typeof KcidbIssue>;

/** An incident, with the fields of version 5.3. */
export const KcidbIncident = z.strictObject({
  _timestamp: dateTime.optional(),
  id,
  origin,
  issue_id: id,
  issue_version: integer,
  build_id: id.optional(),
  test_id: id.optional(),
  present: z.boolean().optional(),
  comment: text.optional(),
  misc: misc.optional(),
});
export type KcidbIncident = z.infer<typeof KcidbIncident>;

const version = z.strictObject({ major: z.literal(5), minor: z.literal(3) });

/** A report of version 5.3, exactly: the server reads an omitted minor as 5.0, which has less. */
export const KcidbReport = z.strictObject({
  version,
  checkouts: z.array(KcidbCheckout).optional(),
  builds: z.array(KcidbBuild).optional(),
  tests: z.array(KcidbTest).optional(),
  issues: z.array(KcidbIssue).optional(),
  incidents: z.array(KcidbIncident).optional(),
});
export type KcidbReport = z.infer<typeof KcidbReport>;

/** The lists of a report. */
export const KCIDB_LISTS = ['checkouts', 'builds', 'tests', 'issues', 'incidents'] as const;
type KcidbList = (typeof KCIDB_LISTS)[number];

/** An object that the server would refuse. */
export interface RejectedObject {
  list: KcidbList;
  /** Its place in the list, from 0. */
  index: number;
  id: string | undefined;
  /** What is wrong with it, each with its field. */
  reasons: string[];
  object: unknown;
}

const Envelope = z.strictObject({
  version,
  checkouts: z.array(z.unknown()).optional(),
  builds: z.array(z.unknown()).optional(),
  tests: z.array(z.unknown()).optional(),
  issues: z.array(z.unknown()).optional(),
  incidents: z.array(z.unknown()).optional(),
});

/**
 * Checks a report object by object: the report of the good ones, and the bad ones with the reasons. Throws
 * PermanentError `bad_report` if the document itself is none of version 5.3.
 */
export function validateReport(doc: unknown): { report: KcidbReport; rejected: RejectedObject[] } {
  const envelope = Envelope.safeParse(doc);
  if (!envelope.success) {
    throw new PermanentError('bad_report', `not a KCIDB 5.3 report: ${reasons(envelope.error).join('; ')}`);
  }
  const rejected: RejectedObject[] = [];
  const { checkouts, builds, tests, issues, incidents } = envelope.data;
  const report: KcidbReport = { version: KCIDB_VERSION };
  if (checkouts) report.checkouts = check('checkouts', checkouts, KcidbCheckout, rejected);
  if (builds) report.builds = check('builds', builds, KcidbBuild, rejected);
  if (tests) report.tests = check('tests', tests, KcidbTest, rejected);
  if (issues) report.issues = check('issues', issues, KcidbIssue, rejected);
  if (incidents) report.incidents = check('incidents', incidents, KcidbIncident, rejected);
  return { report, rejected };
}

function check<S extends z.ZodType>(
  list: KcidbList,
  objects: unknown[],
  schema: S,
  rejected: RejectedObject[],
): z.output<S>[] {
  return objects.flatMap((object, index) => {
    const parsed = schema.safeParse(object);
    if (parsed.success) return [parsed.data];
    rejected.push({ list, index, id: idOf(object), reasons: reasons(parsed.error), object });
    return [];
  });
}

function reasons(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.map(String).join('.') || 'document'}: ${issue.message}`);
}

function idOf(object: unknown): string | undefined {
  if (typeof object !== 'object' || object === null || !('id' in object)) return undefined;
  return typeof object.id === 'string' ? object.id : undefined;
}
