// The test actions of a LAVA job definition (lava_common/schemas/test of LAVA 2023.01 to 2026.10; names as the dispatcher
// takes them, which is stricter). What only reaches the board (steps, prompts, patterns) may be anything.
import { z } from 'zod';
import { actionKeys, dockerKeys, flag, text, Timeout, VariableName } from './common.ts';
import { headers } from './deploy.ts';
import { tolerated, type ValueRules } from './value-rules.ts';

/** LAVA's dispatcher takes no dots here (2023.01, DEFAULT_TESTDEF_NAME_CLASS); the name becomes a folder on its disk. */
const Name = z
  .string()
  .regex(/^[-_a-zA-Z0-9]{1,200}$/, 'letters, digits, _ and - only (the dispatcher takes no dot)')
  .refine((name) => name !== 'lava', 'lava is the name of LAVA’s own suite');

const Lines = z.array(z.string());
const Fixup = z.record(z.string(), z.enum(['pass', 'fail', 'skip', 'unknown']));

/** The names become variables of the shell that runs the test, and LAVA puts the values in single quotes. */
const Parameters = z.record(
  VariableName,
  z.union([
    z.string().regex(/^[^'\0]*$/, "no ' and no NUL: LAVA puts the value in single quotes"),
    z.number(),
    z.boolean(),
  ]),
);
/** As LAVA takes them at submission: the shell that reads them is the board's. */
const AnyParameters = z.record(VariableName, z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** A test definition as it stands in a job or in a file. */
export const InlineTest = z.strictObject({
  metadata: z.strictObject({
    format: z.literal('Lava-Test Test Definition 1.0'),
    name: text,
    description: z.string().optional(),
    environment: Lines.optional(),
    devices: Lines.optional(),
    maintainer: Lines.optional(),
    scope: Lines.optional(),
    os: Lines.optional(),
  }),
  install: z
    .object({
      deps: Lines.optional(),
      'git-repos': z.array(z.unknown()).optional(),
      keys: Lines.optional(),
      steps: Lines.optional(),
      sources: Lines.optional(),
    })
    .catchall(Lines)
    .optional(),
  parameters: Parameters.optional(),
  params: Parameters.optional(),
  parse: z.strictObject({ pattern: z.string().optional(), fixupdict: Fixup.optional() }).optional(),
  run: z.strictObject({ steps: Lines }).optional(),
  expected: Lines.optional(),
});

/** A file inside the repository: never above it, and nowhere else. */
const InnerPath = z
  .string()
  .min(1)
  .max(500)
  .refine(
    (path) => !/^[/~-]|[\x00-\x1f\x7f\\]/.test(path) && !path.split('/').includes('..'),
    'a path inside the repository, without ..',
  );

/** The name of a branch or a revision: an argument of git. */
const GitWord = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}$/, 'letters, digits and . _ / + -')
  .optional();

/** An inline definition; what it has the dispatcher clone is a repository like any other. */
function inlineRepository(rules: ValueRules) {
  if (rules.strict) return InlineTest;
  const repository = rules.object({
    url: rules.repository,
    branch: GitWord,
    destination: rules.word.optional(),
    skip_by_default: flag,
  });
  const repositories = z.array(z.union([rules.repository, repository])).optional();
  return z.looseObject({ install: z.looseObject({ 'git-repos': repositories }).optional() });
}

function definitionSchema(rules: ValueRules) {
  const parameters = (rules.strict ? Parameters : AnyParameters).optional();
  const common = {
    name: Name,
    path: InnerPath,
    skip_install: z.array(z.enum(['keys', 'sources', 'deps', 'steps', 'git-repos', 'all'])).optional(),
    'lava-signal': z.enum(['kmsg', 'stdout']).optional(),
    expected: Lines.optional(),
    timeout: tolerated(rules, Timeout),
  };
  const withParameters = { ...common, parameters, params: parameters };
  return z.discriminatedUnion('from', [
    rules.object({
      from: z.literal('git'),
      ...withParameters,
      repository: rules.repository,
      branch: GitWord,
      revision: GitWord,
      history: flag,
      recursive: flag,
      shallow: flag,
    }),
    rules.object({
      from: z.literal('url'),
      ...withParameters,
      repository: rules.archive,
      compression: z.enum(['bz2', 'gz', 'xz', 'zip', 'zstd']).optional(),
      'strip-components': z.number().int().min(0).optional(),
      headers: headers(rules),
    }),
    rules.object({
      from: z.literal('inline'),
      ...common,
      parameters: tolerated(rules, AnyParameters),
      params: tolerated(rules, AnyParameters),
      repository: inlineRepository(rules),
    }),
  ]);
}

const Step = z.strictObject({
  command: z.string().nullish(),
  delay: z.number().int().optional(),
  'lava-send': z.string().optional(),
  'lava-sync': z.string().optional(),
  'lava-wait': z.string().optional(),
  'lava-wait-all': z.string().optional(),
  name: Name.optional(),
  wait_for_prompt: z.boolean().optional(),
  successes: z.array(z.strictObject({ message: text })).optional(),
  failures: z
    .array(
      z.strictObject({
        message: text,
        exception: z.enum(['InfrastructureError', 'JobError', 'TestError']).optional(),
        error: text.optional(),
      }),
    )
    .optional(),
});

const Interactive = z.strictObject({
  name: Name,
  prompts: z.array(text),
  echo: z.literal('discard').optional(),
  script: z.array(Step),
});

const Monitor = z.strictObject({
  name: Name,
  start: z.string(),
  end: z.string(),
  pattern: z.string(),
  expected: Lines.optional(),
  fixupdict: Fixup.optional(),
});

/** A test action: exactly one of definitions, interactive, monitors and services. */
export function testSchema(rules: ValueRules) {
  return rules
    .object({
      ...actionKeys(rules),
      name: tolerated(rules, z.string()),
      docker: rules.object(dockerKeys(rules)).optional(),
      'downloads-namespace': rules.word.optional(),
      definitions: z.array(definitionSchema(rules)).min(1).optional(),
      interactive: z.array(Interactive).min(1).optional(),
      monitors: z.array(Monitor).min(1).optional(),
      services: rules.reaching(z.array(z.unknown()), "services run on the lab's host"),
    })
    .refine(
      (t) =>
        [t.definitions, t.interactive, t.monitors, t.services].filter((v) => v !== undefined).length === 1,
      'exactly one of definitions, interactive and monitors',
    );
}
