// The three tests that need no template of their own: `shell` (commands), `git` (a test definition in a repository) and
// `inline` (a test definition in the request). What a request says here runs on the board, and a part of it is read by
// the lab's host: that part is checked.
import { z } from 'zod';
import { RequestError } from '../core/errors.ts';
import { InlineTest } from '../definition/test.ts';
import { commands, type TestSpec } from './tests.ts';

/** Checks a test's parameters; for shell, git and inline brings them into the form that their templates read. */
export function checkedTest(spec: TestSpec): TestSpec {
  if (spec.type === 'shell') return shellTest(spec);
  if (spec.type === 'git') return { ...spec, params: gitParams(spec) };
  if (spec.type === 'inline') return { ...spec, params: { definition: inlineDefinition(spec) } };
  for (const [key, value] of Object.entries(spec.params)) {
    checkParameter(value, key, spec.field);
    if (FILE_WORDS.has(key)) parse(FileWord, value, `${spec.field}.parameters.${key}`);
  }
  return spec;
}

const COMMAND_WORDS = ['commands', 'steps', 'script', 'command'];

/** Whether that parameter of a test is used here already, before its template reads what is left. */
export function isWorkedUp(type: string, key: string): boolean {
  if (type === 'shell') return COMMAND_WORDS.includes(key);
  return type === 'git' || (type === 'inline' && key === 'definition');
}

/** Parameters that become a part of a path on the lab's host. */
const FILE_WORDS = new Set(['tst_cmd', 'tst_group', 'wdt_dev']);
const FileWord = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'letters, digits, _ and - only');

/** Commands under any of the usual names; with none, those before and after are the test. */
function shellTest(spec: TestSpec): TestSpec {
  const { params, field } = spec;
  const key = COMMAND_WORDS.find((name) => Object.hasOwn(params, name));
  const steps = [
    ...spec.pre,
    ...(key === undefined ? [] : commands(params[key], `${field}.${key}`)),
    ...spec.post,
  ];
  if (steps.length === 0) {
    throw new RequestError('unsupported_test', `${field}: a shell test needs commands`, {
      field: `${field}.commands`,
    });
  }
  return { ...spec, pre: [], post: [], params: { commands: steps } };
}

const RepositoryUrl = z
  .string()
  .max(1000)
  .regex(
    /^(https?|git):\/\/[A-Za-z0-9][A-Za-z0-9._~:/%+=,-]*$/,
    'an http, https or git URL without user and password',
  );
const GitWord = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}$/, 'letters, digits and . _ / + -');
const GitPath = GitWord.refine((path) => !path.split('/').includes('..'), 'a path inside the repository');

const GitParams = z.object({
  repository: RepositoryUrl,
  path: GitPath,
  revision: GitWord.optional(),
  branch: GitWord.optional(),
});

function gitParams({ params, field }: TestSpec): Record<string, unknown> {
  const { repository, path, revision, branch, parameters, ...rest } = params;
  const git = parse(GitParams, { repository, path, revision, branch }, field);
  const all = { ...(typeof parameters === 'object' ? parameters : {}), ...rest };
  for (const [key, value] of Object.entries(all)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
      throw new RequestError('bad_parameters', `${field}: ${JSON.stringify(key)} is no name of a parameter`, {
        field: `${field}.parameters`,
      });
    }
    if (typeof value === 'object')
      throw new RequestError('bad_parameters', `${field}: ${key} is no text`, {
        field: `${field}.parameters`,
      });
    checkParameter(value, key, field);
  }
  return {
    repository: git.repository,
    path: git.path,
    revision: git.revision ?? null,
    branch: git.branch ?? null,
    parameters: all,
  };
}

/** What of a LAVA test definition a request may bring: all that stays on the board. */
const RequestInline = InlineTest.refine((d) => d.install?.['git-repos'] === undefined, {
  message: 'the lab would clone these; use a git test',
  path: ['install', 'git-repos'],
});

function inlineDefinition({ params, field, name }: TestSpec): unknown {
  const { definition } = params;
  if (typeof definition !== 'object' || definition === null) {
    throw new RequestError('unsupported_test', `${field}: an inline test needs a definition`, {
      field: `${field}.definition`,
    });
  }
  const metadata =
    'metadata' in definition && typeof definition.metadata === 'object' ? definition.metadata : {};
  const whole = { ...definition, metadata: { format: 'Lava-Test Test Definition 1.0', name, ...metadata } };
  const checked = parse(RequestInline, whole, `${field}.definition`);
  refuseBrokenTexts(checked, `${field}.definition`);
  return checked;
}

function parse<T>(schema: z.ZodType<T>, value: unknown, field: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const at = [field, ...(issue?.path ?? [])].join('.');
  throw new RequestError('bad_parameters', `${at}: ${issue?.message ?? 'not valid'}`, { field: at });
}

/** No YAML text can hold a NUL or half of a surrogate pair. */
function refuseBrokenTexts(value: unknown, field: string): void {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw new RequestError('bad_text', `${field} holds a NUL or half of a surrogate pair`, { field });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    refuseBrokenTexts(key, field);
    refuseBrokenTexts(inner, `${field}.${key}`);
  }
}

/** LAVA writes parameters as shell variables, in single quotes and as they are. */
function checkParameter(value: unknown, key: string, field: string): void {
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  for (const text of texts) {
    if (typeof text !== 'string') continue;
    if (text.includes("'") || text.includes('\0') || !text.isWellFormed()) {
      throw new RequestError(
        'bad_parameters',
        `${field}: ${key} holds a single quote, a NUL or half of a surrogate pair`,
        {
          field: `${field}.parameters`,
        },
      );
    }
  }
}
