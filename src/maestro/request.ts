// A request: what every way in (pulled, pushed, triggered, by hand) is turned into before it becomes a job.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseTime } from '../core/time.ts';
import { MaestroNode } from './node.ts';

const url = z.string().min(1).max(4096);

/** One entry of a PULL_LABS definition's `tests` (kernelci-core config/runtime/base/pull_labs.jinja2). */
export const PullLabsTest = z.looseObject({
  id: z.string().min(1).max(200),
  type: z.string().min(1).max(200),
  depends: z.array(z.string()).nullish(),
  timeout_s: z
    .number()
    .int()
    .positive()
    .max(7 * 86_400)
    .nullish(),
  subset: z.array(z.string()).nullish(),
  /** One string, `k=v k=v …`. */
  parameters: z.string().nullish(),
  'pre-commands': z.array(z.string()).nullish(),
  'post-commands': z.array(z.string()).nullish(),
});
export type PullLabsTest = z.infer<typeof PullLabsTest>;

/** The JSON job definition of the PULL_LABS protocol. Keys that the bridge has no use for are kept. */
const PullLabsDefinition = z.looseObject({
  artifacts: z.record(z.string(), url),
  tests: z.array(PullLabsTest).min(1).max(100),
  environment: z
    .looseObject({
      platform: z.string().nullish(),
      arch: z.string().nullish(),
      requirements: z.unknown().optional(),
    })
    .nullish(),
  callback: z.looseObject({ url: z.string().nullish(), token_name: z.string().nullish() }).nullish(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
});
type PullLabsDefinition = z.infer<typeof PullLabsDefinition>;

/**
 * A request. `node` is Maestro's job node (its `data.runtime` names the lab, `data.platform` the board, `name` the
 * plan), `kbuild` the build it tests. At most one of the definitions; with neither, the plan of `node.name` says
 * what is to be run.
 */
export const JobRequest = z
  .strictObject({
    node: MaestroNode,
    kbuild: MaestroNode.optional(),
    definition: PullLabsDefinition.optional(),
    definition_yaml: z
      .string()
      .max(4 * 1024 * 1024)
      .optional(),
  })
  .refine((r) => r.definition === undefined || r.definition_yaml === undefined, {
    message: 'only one of definition and definition_yaml',
    path: ['definition_yaml'],
  });
export type JobRequest = z.infer<typeof JobRequest>;

/** The ways in (design 3). `test`: a test of the admin's own, of which nothing is reported. */
export const SOURCES = ['pull_labs', 'lava_pull', 'push', 'trigger', 'hand', 'test'] as const;
/** The way that a request came in. */
export type Source = (typeof SOURCES)[number];

/** What a request tests. */
export interface RequestSource {
  tree: string | null;
  branch: string | null;
  commitHash: string | null;
  /** The id of Maestro's kbuild node. */
  build: string | null;
}

/** What a request tests, as far as it says. */
export function sourceOf({ node, kbuild }: JobRequest): RequestSource {
  const revision = kbuild?.data.kernel_revision ?? node.data.kernel_revision;
  return {
    tree: revision?.tree ?? null,
    branch: revision?.branch ?? null,
    commitHash: revision?.commit ?? null,
    build: kbuild?.id ?? node.parent ?? null,
  };
}

/** Where a request stands among those that run the same for one commit after the other. */
export interface RequestSeries {
  /** The same for requests of the same tree, branch, job and kind of build; null: it belongs to no series. */
  series: string | null;
  /** When its build was made (ms); null: the request does not say. */
  builtAt: number | null;
}

/**
 * The series of a request. Builds of one commit differ by their names (compiler, configuration), so the name counts. Maestro's
 * own retry of a job belongs to none: the run that it repeats has begun. Nor does what somebody submits by hand: they want that very
 * commit.
 */
export function seriesOf(source: Source, { node, kbuild }: JobRequest): RequestSeries {
  const { tree, branch, commitHash } = sourceOf({ node, kbuild });
  const builtAt = parseTime(kbuild?.created) ?? null;
  const isKnown = tree !== null && branch !== null && commitHash !== null;
  const isByHand = source === 'hand' || source === 'test';
  if (!isKnown || isByHand || (node.retry_counter ?? 0) > 0) return { series: null, builtAt };
  const names = JSON.stringify([tree, branch, node.name, kbuild?.name ?? null]);
  // Names may be of any length, and an index takes short ones alone.
  return { series: createHash('sha256').update(names).digest('hex'), builtAt };
}
