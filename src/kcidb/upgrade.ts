// Reports of older versions of KCIDB's schema, made into ones of 5.3, as kcidb-io does it (kcidb_io/schema/v02_00.py,
// v03_00.py, v04_00.py, v05_00.py, February 2026). Between versions of one major number only fields were added.
import { z } from 'zod';
import { PermanentError } from '../core/errors.ts';
import { PATTERNS } from './formats.ts';
import { KCIDB_VERSION } from './schema.ts';

/** All versions that there are, the oldest first: major and minor. */
export const KCIDB_VERSIONS = [
  [1, 1],
  [2, 0],
  [3, 0],
  [4, 0],
  [4, 1],
  [4, 2],
  [4, 3],
  [4, 4],
  [4, 5],
  [5, 0],
  [5, 1],
  [5, 2],
  [5, 3],
] as const;

/** The first version was a text. An omitted minor number is 0 of an object, and 1 of a text. */
const Version = z.union([
  z.object({ major: z.number().int(), minor: z.number().int().prefault(0) }),
  z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform((text) => {
      const [major = '', minor = '1'] = text.split('.');
      return { major: Number(major), minor: Number(minor) };
    }),
]);

type Obj = Record<string, unknown>;
type Doc = Obj;

/** A report of version 5.3 that says what the older one did, and which version that was. */
export interface Upgraded {
  from: string;
  report: Doc;
}

/**
 * Upgrades a copy of a report. Throws PermanentError `bad_report` if it has no version of KCIDB, uses what its version
 * does not have, or says what can't be said in 5.3.
 */
export function upgradeReport(doc: unknown): Upgraded {
  const report = z.record(z.string(), z.unknown()).safeParse(doc);
  if (!report.success) throw refused('not a JSON object');
  const copy = structuredClone(report.data);
  const { major, minor } = versionOf(copy);
  const problems = tooNew(copy, major, minor);
  if (problems.length > 0) {
    throw refused(problems.map(({ message }) => message).join('; '), problems[0]?.field);
  }
  try {
    if (major < 2) toVersion2(copy);
    if (major < 3) toVersion3(copy);
    if (major < 4) toVersion4(copy);
    if (major < 5) toVersion5(copy);
  } catch (error) {
    if (error instanceof PermanentError) throw error;
    throw refused(`it is not a report of version ${major}.${minor}`);
  }
  copy['version'] = { ...KCIDB_VERSION };
  return { from: `${major}.${minor}`, report: copy };
}

function refused(why: string, field?: string): PermanentError {
  return new PermanentError('bad_report', `not a KCIDB report: ${why}`, { field });
}

function versionOf(doc: Doc): z.output<typeof Version> {
  const parsed = Version.safeParse(doc['version']);
  if (!parsed.success) throw refused('version: is missing, or has no major number', 'version');
  const { major, minor } = parsed.data;
  if (KCIDB_VERSIONS.some(([a, b]) => a === major && b === minor)) return parsed.data;
  const known = KCIDB_VERSIONS.map((one) => one.join('.')).join(', ');
  throw refused(
    `version: ${major}.${minor} is none of KCIDB's (${known}; an omitted minor number is 0)`,
    'version',
  );
}

/** What was added after 4.0: list, field (or a list itself), version. */
const ADDED: readonly [list: string, path: string, major: number, minor: number][] = [
  ['issues', '', 4, 1],
  ['incidents', '', 4, 1],
  ['tests', 'number', 4, 4],
  ['tests', 'environment.compatible', 4, 4],
  ['checkouts', 'git_commit_tags', 4, 5],
  ['checkouts', 'git_commit_message', 4, 5],
  ['checkouts', 'git_repository_branch_tip', 4, 5],
  ['builds', 'status', 5, 0],
  ['checkouts', 'origin_builds_finish_time', 5, 1],
  ['checkouts', 'origin_tests_finish_time', 5, 1],
  ['issues', 'categories', 5, 2],
  ['tests', 'input_files', 5, 3],
];

function tooNew(doc: Doc, major: number, minor: number): { field: string; message: string }[] {
  if (major < 4) return [];
  return ADDED.flatMap(([list, path, sinceMajor, sinceMinor]) => {
    const isThere = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
    if (isThere || !(list in doc)) return [];
    const used = path === '' || objects(doc, list).some((object) => valueAt(object, path) !== undefined);
    if (!used) return [];
    const field = path === '' ? list : `${list}.${path}`;
    const message = `${field}: is new in ${sinceMajor}.${sinceMinor}, and the version is ${major}.${minor}`;
    return [{ field, message }];
  });
}

function valueAt(object: Obj, path: string): unknown {
  let value: unknown = object;
  for (const key of path.split('.')) value = isObject(value) ? value[key] : undefined;
  return value;
}

function isObject(value: unknown): value is Obj {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objects(doc: Doc, list: string): Obj[] {
  const value = doc[list];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function rename(object: Obj, from: string, to: string): void {
  if (!(from in object)) return;
  object[to] = object[from];
  delete object[from];
}

function textOf(object: Obj, key: string): string {
  const value = object[key];
  if (typeof value === 'string') return value;
  throw refused(`${key}: is missing, or no text`, key);
}

/** Ids had been pairs, and names of files could have slashes. */
function toVersion2(doc: Doc): void {
  const pairs: [list: string, id: string, origin: string, own: string][] = [
    ['revisions', 'id', 'origin', 'origin_id'],
    ['builds', 'id', 'origin', 'origin_id'],
    ['builds', 'revision_id', 'revision_origin', 'revision_origin_id'],
    ['tests', 'id', 'origin', 'origin_id'],
    ['tests', 'build_id', 'build_origin', 'build_origin_id'],
  ];
  for (const [list, id, origin, own] of pairs) {
    for (const object of objects(doc, list)) {
      object[id] = `${textOf(object, origin)}:${textOf(object, own)}`;
      delete object[origin];
      delete object[own];
    }
  }
  const files: [list: string, field: string][] = [
    ['revisions', 'patch_mboxes'],
    ['builds', 'input_files'],
    ['builds', 'output_files'],
    ['tests', 'output_files'],
  ];
  for (const [list, field] of files) {
    for (const resource of objects(doc, list).flatMap((object) => objects(object, field))) {
      resource['name'] = textOf(resource, 'name').replaceAll('/', '_');
    }
  }
}

/** Origins got a field of their own. */
function toVersion3(doc: Doc): void {
  for (const list of ['revisions', 'builds', 'tests']) {
    for (const object of objects(doc, list)) {
      const [, origin] = /^([a-z0-9_]+):/.exec(textOf(object, 'id')) ?? [];
      if (origin === undefined) throw refused(`${list}: id: has no origin`, `${list}.id`);
      object['origin'] = origin;
    }
  }
  const withoutOrigin = (id: string): string => id.slice(id.indexOf(':') + 1);
  for (const revision of objects(doc, 'revisions')) {
    revision['id'] = withoutOrigin(textOf(revision, 'id'));
    rename(revision, 'git_repository_commit_hash', 'git_commit_hash');
    rename(revision, 'git_repository_commit_name', 'git_commit_name');
  }
  for (const build of objects(doc, 'builds'))
    build['revision_id'] = withoutOrigin(textOf(build, 'revision_id'));
}

/** Revisions, which several origins shared, became checkouts of one origin each. */
function toVersion4(doc: Doc): void {
  for (const revision of objects(doc, 'revisions')) {
    const id = textOf(revision, 'id');
    revision['id'] = `_:${textOf(revision, 'origin')}:${id}`;
    rename(revision, 'patch_mboxes', 'patchset_files');
    revision['patchset_hash'] = id.split('+')[1] ?? '';
    rename(revision, 'discovery_time', 'start_time');
    rename(revision, 'description', 'comment');
    delete revision['publishing_time'];
  }
  rename(doc, 'revisions', 'checkouts');
  for (const build of objects(doc, 'builds')) {
    build['checkout_id'] = `_:${textOf(build, 'origin')}:${textOf(build, 'revision_id')}`;
    delete build['revision_id'];
    rename(build, 'description', 'comment');
  }
  for (const test of objects(doc, 'tests')) {
    rename(test, 'description', 'comment');
    if (isObject(test['environment'])) rename(test['environment'], 'description', 'comment');
  }
}

const WAIVED = { id: '_:waived', version: 1 } as const;

/** Builds got a status; what was waived became an issue; addresses and paths are stricter. */
function toVersion5(doc: Doc): void {
  for (const checkout of objects(doc, 'checkouts')) {
    delete checkout['contacts'];
    const url = checkout['git_repository_url'];
    if (typeof url === 'string' && !PATTERNS.httpsUrl.test(url)) {
      throw refused(
        `git_repository_url: ${JSON.stringify(url)} is not https, which 5.0 and later need: correct it`,
        'checkouts.git_repository_url',
      );
    }
  }
  for (const build of objects(doc, 'builds')) {
    if (typeof build['valid'] !== 'boolean') continue;
    build['status'] = build['valid'] ? 'PASS' : 'FAIL';
    delete build['valid'];
  }
  const waived = objects(doc, 'tests').filter((test) => {
    const isWaived = test['waived'] === true;
    if (typeof test['waived'] === 'boolean') delete test['waived'];
    const { path } = test;
    if (typeof path === 'string' && !PATTERNS.path.test(path)) {
      throw refused(
        `path: ${JSON.stringify(path)} has empty parts, which 5.0 and later refuse: correct it`,
        'tests.path',
      );
    }
    return isWaived;
  });
  for (const issue of objects(doc, 'issues')) {
    delete issue['build_valid'];
    delete issue['test_status'];
  }
  if (waived.length === 0) return;
  const { id, version } = WAIVED;
  doc['issues'] = [
    ...objects(doc, 'issues'),
    { id, origin: '_', version, comment: 'Test waived as unreliable' },
  ];
  doc['incidents'] = [
    ...objects(doc, 'incidents'),
    ...waived.map((test) => ({
      id: `${id}:${version}:${textOf(test, 'id')}`,
      origin: '_',
      issue_id: id,
      issue_version: version,
      test_id: textOf(test, 'id'),
      present: true,
    })),
  ];
}
