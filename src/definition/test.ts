// The test actions of a LAVA job definition (LAVA 2023.01, lava_common/schemas/test; names as the dispatcher takes
// them, which is stricter).
import { z } from 'zod';
import { actionKeys, DEFINITION_NAME, Docker, text } from './common.ts';

const Name = z
  .string()
  .regex(DEFINITION_NAME, 'letters, digits, _ and - only (the dispatcher takes no dot)')
  .refine((name) => name !== 'lava', 'lava is the name of LAVA’s own suite');

const Lines = z.array(z.string());
const Fixup = z.record(z.string(), z.enum(['pass', 'fail', 'skip', 'unknown']));

/** The names become variables of the shell that runs the test, and LAVA puts the values in single quotes. */
const Parameters = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a shell variable'),
  z.union([
    z.string().regex(/^[^'\0]*$/, "no ' and no NUL: LAVA puts the value in single quotes"),
    z.number(),
    z.boolean(),
  ]),
);

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

const Path = text.refine(
  (path) => !path.startsWith('/') && !path.split('/').includes('..'),
  'a path inside the repository',
);

const definitionKeys = {
  name: Name,
  path: Path,
  parameters: Parameters.optional(),
  params: Parameters.optional(),
  skip_install: z.array(z.enum(['keys', 'sources', 'deps', 'steps', 'git-repos', 'all'])).optional(),
  'lava-signal': z.enum(['kmsg', 'stdout']).optional(),
  expected: Lines.optional(),
};

const Definition = z.discriminatedUnion('from', [
  z.strictObject({
    from: z.literal('git'),
    ...definitionKeys,
    repository: text,
    branch: text.optional(),
    revision: text.optional(),
    history: z.boolean().optional(),
    recursive: z.boolean().optional(),
  }),
  z.strictObject({
    from: z.literal('url'),
    ...definitionKeys,
    repository: text,
    compression: text,
    headers: z.record(z.string(), z.string()).optional(),
  }),
  z.strictObject({
    from: z.literal('inline'),
    name: Name,
    path: Path,
    skip_install: definitionKeys.skip_install,
    'lava-signal': definitionKeys['lava-signal'],
    expected: Lines.optional(),
    repository: InlineTest,
  }),
]);

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

/** Exactly one of definitions, interactive, monitors and services. */
export const Test = z
  .strictObject({
    ...actionKeys,
    docker: Docker.optional(),
    'downloads-namespace': z.string().optional(),
    definitions: z.array(Definition).min(1).optional(),
    interactive: z.array(Interactive).min(1).optional(),
    monitors: z.array(Monitor).min(1).optional(),
    services: z.array(z.unknown()).optional(),
  })
  .refine(
    (t) => [t.definitions, t.interactive, t.monitors, t.services].filter((v) => v !== undefined).length === 1,
    {
      message: 'exactly one of definitions, interactive and monitors',
    },
  );
