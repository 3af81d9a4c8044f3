// Nodes as the simulated Maestro keeps them, and what it takes as one (kernelci-core kernelci/api/models.py, August
// 2026): the body's shape (422), the data of each kind (400), defaults for what is left out, naive times.
import { z } from 'zod';
import { parseTime } from '../../core/time.ts';
import { NODE_STATES, type NodeState } from '../../maestro/node.ts';
import { ERROR_CODES, NODE_RESULTS } from '../../verdict/node-result.ts';

/** What the API answers with an error status; `detail` is what stands in the body. */
export class ApiError extends Error {
  readonly status: number;
  readonly detail: unknown;

  constructor(status: number, detail: unknown) {
    super(typeof detail === 'string' ? detail : JSON.stringify(detail));
    this.status = status;
    this.detail = detail;
  }
}

const NODE_TIMEOUT_MS = 6 * 3_600_000;

const ObjectId = z.string().regex(/^[0-9a-f]{24}$/, 'not an ObjectId');
const Time = z.string().transform((text, context) => {
  const ms = parseTime(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'Input should be a valid datetime' });
  return z.NEVER;
});

// As pydantic prints them: a bare host gains its slash, a space becomes %20; anything but http and https is refused.
const Url = z.string().transform((text, context) => {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text).href;
  context.addIssue({ code: 'custom', message: 'Input should be a valid URL' });
  return z.NEVER;
});

const Artifacts = z.record(z.string(), Url).nullable();
const Data = z.record(z.string(), z.unknown()).nullable();

/** The body of POST and PUT. What is left out falls to its default, which is why a PUT resets it. */
export function nodeBody(now: number) {
  return z.object({
    id: ObjectId.nullish(),
    kind: z.string().default('node'),
    name: z.string(),
    path: z.array(z.string()),
    group: z.string().nullable().default(null),
    parent: ObjectId.nullable().default(null),
    state: z.enum(NODE_STATES).default('running'),
    result: z.enum(NODE_RESULTS).nullable().default(null),
    artifacts: Artifacts.default({}),
    data: Data.default({}),
    debug: Data.default({}),
    jobfilter: z.array(z.string()).nullable().default(null),
    platform_filter: z.array(z.string()).nullable().default([]),
    created: Time.default(now),
    updated: Time.default(now),
    timeout: Time.default(now + NODE_TIMEOUT_MS),
    holdoff: Time.nullable().default(null),
    owner: z.string().nullable().default(null),
    submitter: z.string().nullable().default(null),
    treeid: z.string().nullable().default(null),
    user_groups: z.array(z.string()).default([]),
    processed_by_kcidb_bridge: z.boolean().default(false),
    retry_counter: z.number().int().default(0),
  });
}
export type NodeBody = z.output<ReturnType<typeof nodeBody>>;

/** A node in the database; times are milliseconds since the epoch. */
export interface SimNode extends Omit<NodeBody, 'id'> {
  id: string;
}

/** What PATCH takes; everything else in its body is ignored. */
export const PatchBody = z
  .object({
    state: z.enum(NODE_STATES),
    result: z.enum(NODE_RESULTS).nullable(),
    artifacts: Artifacts,
    data: Data,
    debug: Data,
    jobfilter: z.array(z.string()).nullable(),
    platform_filter: z.array(z.string()).nullable(),
    timeout: Time,
    holdoff: Time.nullable(),
    processed_by_kcidb_bridge: z.boolean(),
  })
  .partial();

export interface TreeBody {
  node: NodeBody;
  child_nodes: TreeBody[];
}

/** Parses a body or answers 422, in FastAPI's words. */
export function shaped<S extends z.ZodType>(
  schema: S,
  body: unknown,
  at: (string | number)[] = [],
): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ApiError(
    422,
    parsed.error.issues.map((issue) => ({
      type: issue.code,
      loc: ['body', ...at, ...issue.path.map(String)],
      msg: issue.message,
    })),
  );
}

const text = z.string().nullable().default(null);
const ErrorCode = z.enum(ERROR_CODES).nullable().default(null);
const whole = z.union([z.number().int(), z.string().regex(/^\d+$/).transform(Number)]);

const Revision = z.object({
  tree: z.string(),
  url: z.url(),
  branch: z.string(),
  commit: z.string(),
  describe: text,
  version: z
    .object({
      version: whole,
      patchlevel: whole,
      sublevel: whole.nullable().default(null),
      extra: text,
      name: text,
    })
    .nullable()
    .default(null),
  patchset: text,
  commit_tags: z.array(z.string()).nullable().default([]),
  commit_message: text,
  tip_of_branch: z.boolean().nullable().default(null),
});

const build = {
  kernel_revision: Revision.nullable().default(null),
  arch: text,
  defconfig: text,
  config_full: text,
  compiler: text,
  kernel_type: text,
  platform: text,
  runtime: text,
  job_id: text,
  job_context: text,
  error_code: ErrorCode,
  error_msg: text,
  regression: ObjectId.nullable().default(null),
};

const TestData = z.object({
  ...build,
  device: text,
  test_source: Url.nullable().default(null),
  test_revision: Revision.nullable().default(null),
  misc: Data.default({}),
});

/** The data models, by kind. A process has none. */
const DATA_MODELS: Record<string, z.ZodType<Record<string, unknown>>> = {
  checkout: z.object({
    kernel_revision: Revision.nullable().default(null),
    error_code: z.enum(['node_timeout', 'git_checkout_failure']).nullable().default(null),
    error_msg: text,
    architecture_filter: z.array(z.string()).nullable().default([]),
  }),
  kbuild: z.object({ ...build, fragments: z.array(z.string()).nullable().default([]) }),
  job: TestData,
  test: TestData,
  process: z.record(z.string(), z.unknown()),
  regression: z.record(z.string(), z.unknown()),
};

/**
 * What the kind's model makes of a node's data: without keys that it does not know, with null for those that are
 * missing. Answers 400 if the model refuses it. Only the hierarchy call stores this; the others store what was sent.
 */
export function modelledData(kind: string, data: Record<string, unknown> | null): Record<string, unknown> {
  const model = DATA_MODELS[kind];
  if (model === undefined) throw new ApiError(400, `Unsupported node kind: ${kind}`);
  const parsed = model.safeParse(data ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ApiError(
    400,
    `1 validation error for ${kind}\ndata.${issue?.path.map(String).join('.') ?? ''}\n  ${issue?.message ?? ''}`,
  );
}

const NEXT: Record<NodeState, readonly NodeState[]> = {
  running: ['available', 'closing', 'done'],
  available: ['closing', 'done'],
  closing: ['done'],
  done: [],
};

/** Answers 400 for a move that the state machine has not; staying is always allowed. */
export function checkTransition(from: NodeState, to: NodeState): void {
  if (from !== to && !NEXT[from].includes(to)) {
    throw new ApiError(400, `Transition not allowed with state: ${to}`);
  }
}

/** `2026-08-21T10:11:12.131000`: as Python prints a naive time. */
export function naiveTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000`;
}

/** A node as the API prints it. */
export function printNode(node: SimNode): Record<string, unknown> {
  const { created, updated, timeout, holdoff, ...rest } = node;
  return {
    ...rest,
    created: naiveTime(created),
    updated: naiveTime(updated),
    timeout: naiveTime(timeout),
    holdoff: holdoff === null ? null : naiveTime(holdoff),
  };
}
