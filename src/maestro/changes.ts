// What the bridge writes to a node, checked for its shape before it is sent: one odd value makes Maestro refuse the whole
// write (kernelci-core kernelci/api/models.py). Which results and error codes there are is the verdict's to know.
import { z } from 'zod';
import { PermanentError } from '../core/errors.ts';
import { NODE_STATES, type NodeState } from './node.ts';

/** The fields that PATCH takes. `data` and `artifacts` replace what is there as a whole: merge first. */
export interface NodeChanges {
  state?: NodeState;
  result?: string | null;
  artifacts?: Record<string, string>;
  data?: Record<string, unknown>;
  debug?: Record<string, unknown>;
  /** Milliseconds since the epoch. */
  timeout?: number;
  /** Milliseconds since the epoch. */
  holdoff?: number;
  processed_by_kcidb_bridge?: boolean;
}

/**
 * The body of `PUT /nodes/{id}`: a node and all that is below it. The root is the whole node as it was read; children
 * have no id.
 */
export interface NodeTree {
  node: Record<string, unknown>;
  child_nodes: NodeTree[];
}

/** `2026-08-21T15:20:01.123`: UTC without a zone, as Maestro stores and prints it. */
export function naiveUtc(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1);
}

/** The body of a PATCH. Throws PermanentError `maestro_invalid` for what Maestro would refuse. */
export function patchBody(changes: NodeChanges): Record<string, unknown> {
  checkFields(changes, '');
  const { timeout, holdoff, ...rest } = changes;
  const body: Record<string, unknown> = { ...rest };
  if (timeout !== undefined) body['timeout'] = naiveUtc(timeout);
  if (holdoff !== undefined) body['holdoff'] = naiveUtc(holdoff);
  if (Object.keys(body).length === 0) throw invalid('', 'nothing to change');
  return body;
}

// What the API needs of each node of a tree, and what is checked further.
const TreeNode = z.looseObject({
  name: z.string().min(1),
  kind: z.string(),
  path: z.array(z.string()),
  state: z.enum(NODE_STATES),
  result: z.string().nullable(),
  artifacts: z.record(z.string(), z.string()).nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
});

/** A node's artifacts as Maestro takes them, and the names of those that it would refuse the whole write for. */
export function writableArtifacts(artifacts: Readonly<Record<string, string>>): {
  artifacts: Record<string, string>;
  leftOut: string[];
} {
  const all = Object.entries(artifacts);
  return {
    artifacts: Object.fromEntries(all.filter(([, url]) => isWebUrl(url))),
    leftOut: all.filter(([, url]) => !isWebUrl(url)).map(([name]) => name),
  };
}

function isWebUrl(text: string): boolean {
  return /^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text);
}

/** Checks a whole tree. Throws PermanentError `maestro_invalid`, naming the node by its path. */
export function checkTree(id: string, tree: NodeTree): void {
  if (tree.node['id'] !== id) throw invalid('node.id', `the root of the tree is not ${id}`);
  checkTreeNode(tree.node, 'node');
  for (const child of tree.child_nodes) checkChild(child, 'node');
}

function checkChild({ node, child_nodes }: NodeTree, parent: string): void {
  const at = `${parent}/${String(node['name'])}`;
  if (node['id'] !== undefined) throw invalid(`${at}.id`, 'a child that is to be made has no id');
  if (node['state'] !== 'done')
    throw invalid(`${at}.state`, 'a child that is not done would stay open for ever');
  checkTreeNode(node, at);
  for (const child of child_nodes) checkChild(child, at);
}

function checkTreeNode(node: Record<string, unknown>, at: string): void {
  const parsed = TreeNode.safeParse(node);
  if (parsed.success) return checkFields(parsed.data, at);
  const issue = parsed.error.issues[0];
  throw invalid([at, ...(issue?.path ?? [])].map(String).join('.'), issue?.message ?? 'invalid');
}

interface Checked {
  state?: unknown;
  artifacts?: Record<string, string> | null | undefined;
}

function checkFields({ state, artifacts }: Checked, at: string): void {
  const field = (name: string): string => (at === '' ? name : `${at}.${name}`);
  if (state !== undefined && !NODE_STATES.some((known) => known === state)) {
    throw invalid(field('state'), `${JSON.stringify(state)} is not one of Maestro's states`);
  }
  for (const [name, url] of Object.entries(artifacts ?? {})) {
    if (!isWebUrl(url)) throw invalid(field(`artifacts.${name}`), 'not an http(s) URL');
  }
}

function invalid(field: string, message: string): PermanentError {
  return new PermanentError('maestro_invalid', `not sent to Maestro: ${field}: ${message}`, { field });
}
