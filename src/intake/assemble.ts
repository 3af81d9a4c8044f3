// Makes a request of a job node: fetches its definition, and finds the build that it tests.
import { errorText, PermanentError, RequestError, TemporaryError } from '../core/errors.ts';
import type { Fetched } from '../core/fetch-limited.ts';
import { parseJson } from '../core/parse/json.ts';
import { PARSE_LIMITS } from '../core/parse/limits.ts';
import type { MaestroClient } from '../maestro/client.ts';
import type { MaestroNode } from '../maestro/node.ts';
import { JobRequest } from '../maestro/request.ts';
import type { WorkSource } from './work.ts';

export interface AssemblerOptions {
  client: Pick<MaestroClient, 'getNode'>;
  fetch: (url: string, signal?: AbortSignal) => Promise<Fetched>;
}

/** Throws RequestError for a definition that is bad or not to be had, TemporaryError for what may pass. */
export type Assembler = (node: MaestroNode, source: WorkSource, signal?: AbortSignal) => Promise<JobRequest>;

// A build is tested by many jobs, which come close together.
const MAX_BUILDS = 100;
const MAX_PARENTS = 5;

export function createAssembler({ client, fetch }: AssemblerOptions): Assembler {
  const builds = new Map<string, MaestroNode>();

  /** The kbuild above a node; undefined if there is none, as above a job of the checkout itself. */
  async function findBuild(node: MaestroNode, signal?: AbortSignal): Promise<MaestroNode | undefined> {
    let parent = node.parent;
    for (let level = 0; level < MAX_PARENTS && typeof parent === 'string'; level++) {
      const above = builds.get(parent) ?? (await readParent(client, node, parent, signal));
      if (above?.kind === 'kbuild') {
        builds.set(above.id, above);
        const [oldest] = builds.keys();
        if (builds.size > MAX_BUILDS && oldest !== undefined) builds.delete(oldest);
        return above;
      }
      parent = above?.parent;
    }
    return undefined;
  }

  return async (node, source, signal) => {
    const url = node.artifacts['job_definition'] ?? '';
    const { body } = await fetch(url, signal);
    const kbuild = await findBuild(node, signal);
    const text = decode(body);
    const definition = source === 'pull_labs' ? { definition: json(text) } : { definition_yaml: text };
    const parsed = JobRequest.safeParse({ node, ...(kbuild === undefined ? {} : { kbuild }), ...definition });
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const field = fieldOf(issue?.path ?? []);
    throw new RequestError('bad_definition', `the job definition is not valid: ${field}: ${issue?.message}`, {
      field,
    });
  };
}

/** The field of a fault, without names that were fetched: whoever made the request must not learn what an inner server says. */
function fieldOf(path: readonly PropertyKey[]): string {
  const [, parent] = path;
  const isOpen = parent === 'artifacts' || parent === 'parameters';
  return path.map((part, i) => (isOpen && i === 2 ? '*' : String(part))).join('.');
}

async function readParent(
  client: Pick<MaestroClient, 'getNode'>,
  node: MaestroNode,
  parent: string,
  signal?: AbortSignal,
): Promise<MaestroNode | undefined> {
  try {
    return await client.getNode(parent, signal);
  } catch (error) {
    if (error instanceof TemporaryError || !(error instanceof PermanentError)) throw error;
    throw new RequestError('bad_build', `the build of node ${node.id} can't be read: ${error.message}`);
  }
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new RequestError('bad_definition', 'the job definition is not UTF-8 text');
  }
}

function json(text: string): unknown {
  try {
    return parseJson(text, PARSE_LIMITS.answer);
  } catch (error) {
    throw new RequestError('bad_definition', `the job definition cannot be read: ${errorText(error)}`);
  }
}
