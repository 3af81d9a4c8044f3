// Maestro's nodes as the bridge reads them (kernelci-core kernelci/api/models.py, August 2026): lenient, since the
// data is not ours, and only what is used. What else a node carries is kept where it must be written back.
import { z } from 'zod';
import { isWithinDepth } from '../core/parse/depth.ts';

/** The states of a node. */
export const NODE_STATES = ['running', 'available', 'closing', 'done'] as const;
/** The state of a node. */
export type NodeState = (typeof NODE_STATES)[number];

const text = z.string().nullish();

/** The numbers of a kernel version. */
const KernelVersion = z.looseObject({
  version: z.coerce.number().int(),
  patchlevel: z.coerce.number().int(),
  sublevel: z.coerce.number().int().nullish(),
  extra: text,
  name: text,
});

/** What source a node is of. */
export const KernelRevision = z.looseObject({
  tree: z.string(),
  url: z.string(),
  branch: z.string(),
  commit: z.string(),
  describe: text,
  version: KernelVersion.nullish(),
  patchset: text,
  commit_tags: z.array(z.string()).nullish(),
  commit_message: text,
  tip_of_branch: z.boolean().nullish(),
});
export type KernelRevision = z.infer<typeof KernelRevision>;

const NodeData = z.looseObject({
  kernel_revision: KernelRevision.nullish(),
  arch: text,
  defconfig: text,
  config_full: text,
  compiler: text,
  kernel_type: text,
  fragments: z.array(z.string()).nullish(),
  runtime: text,
  platform: text,
  device: text,
  job_id: text,
  error_code: text,
  error_msg: text,
  tree_priority: text,
  priority: z.union([z.string(), z.number()]).nullish(),
});

/** A node id: 24 hex digits (MongoDB's ObjectId). */
const NodeId = z.string().regex(/^[0-9a-f]{24}$/, 'a Maestro node id is 24 hex digits');

/** Deeper nodes would exhaust the stack of code that walks through them; Maestro's own have four levels. */
const MAX_DEPTH = 64;

/** Any node of Maestro. `data` and `artifacts` are null or missing on some; both read as empty. */
export const MaestroNode = z
  .looseObject({
    id: NodeId,
    kind: z.string(),
    name: z.string().min(1).max(200),
    path: z.array(z.string()),
    group: text,
    parent: text,
    state: z.enum(NODE_STATES),
    result: text,
    artifacts: z
      .record(z.string(), z.string())
      .nullish()
      .transform((v) => v ?? {}),
    data: NodeData.nullish().transform((v) => v ?? {}),
    created: text,
    updated: text,
    timeout: text,
    owner: text,
    submitter: text,
    treeid: text,
    jobfilter: z.array(z.string()).nullish(),
    platform_filter: z.array(z.string()).nullish(),
    retry_counter: z.number().int().nullish(),
  })
  .refine((node) => isWithinDepth(node, MAX_DEPTH), `nested deeper than ${MAX_DEPTH}`);
export type MaestroNode = z.infer<typeof MaestroNode>;

/**
 * What can be read of a node that can't be read as a whole: enough to see whose it is, to refuse it by
 * name, and to end it. undefined if not even that.
 */
export function salvageNode(raw: unknown): MaestroNode | undefined {
  const { id, kind, name, path, state, parent, result, artifacts, data } = record(raw);
  const { runtime, platform, job_id, error_code, error_msg } = record(data);
  const strings = Object.entries(record(artifacts)).filter(([, value]) => typeof value === 'string');
  const parsed = MaestroNode.safeParse({
    id,
    kind,
    name,
    path: Array.isArray(path) ? path.map(String) : [],
    state,
    parent,
    artifacts: Object.fromEntries(strings),
    data: { runtime, platform, job_id, error_code, error_msg },
    result,
  });
  return parsed.success ? parsed.data : undefined;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
