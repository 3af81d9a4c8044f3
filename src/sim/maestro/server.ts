// The simulated Maestro: starts it, and gives tests and the demo what they need to look into it.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { startSimServer, type SimOptions, type SimServer } from '../http-server.ts';
import { seededRandom } from '../random.ts';
import type { SimUser } from './access.ts';
import { createDatabase, runTimeoutService, type Database, type SimEvent } from './database.ts';
import { ApiError, printNode } from './model.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { addPubSub, type PubSubControl } from './pub-sub.ts';
import { addReading, addWriting, type Parts } from './routes.ts';
import { createServices, type MaestroServices } from './services.ts';

export interface MaestroSimulatorOptions extends SimOptions {
  /** The runtimes whose nodes the lab's user may edit. */
  runtimes?: string[];
  /** The lab's token. */
  token?: string;
  /** More users. */
  users?: SimUser[];
  clock?: () => number;
  /** How often listeners of pub/sub get a sign of life (ms); 45 s if it is not there. */
  beepMs?: number;
}

/** A running Maestro, and what is needed to play its pipeline. */
export interface MaestroSimulator extends SimServer, Pipeline, PubSubControl {
  /** The lab's token. */
  token: string;
  /** The token of the pipeline's own user, which may edit all nodes. */
  pipelineToken: string;
  database: Database;
  /** A node as the API prints it, or undefined. */
  node: (id: string) => Record<string, unknown> | undefined;
  /** What POST /telemetry took. */
  telemetry: readonly Record<string, unknown>[];
  /** Maestro's bridge to KCIDB and its job_retry; they act when they are run. */
  services: MaestroServices;
  /** One round of Maestro's timeout service, as of `now` (milliseconds since the epoch). */
  runTimeouts: (now?: number) => void;
}

const PIPELINE_USER = 'production';
const BODY_LIMIT = 32 * 1024 * 1024;

/** Starts a simulated Maestro. */
export async function startMaestroSimulator(
  options: MaestroSimulatorOptions = {},
): Promise<MaestroSimulator> {
  const clock = options.clock ?? Date.now;
  const database = createDatabase(clock);
  const files = new Map<string, { type: string; body: string }>();
  const telemetry: Record<string, unknown>[] = [];
  const lab: SimUser = {
    token: options.token ?? 'maestro-lab-token',
    username: 'lab',
    groups: (options.runtimes ?? ['lava-sim']).map((runtime) => `runtime:${runtime}:node-editor`),
  };
  const pipeline: SimUser = {
    token: 'maestro-pipeline-token',
    username: PIPELINE_USER,
    groups: ['node:edit:any'],
  };
  const users = [lab, pipeline, ...(options.users ?? [])];
  const parts: Parts = { database, files, telemetry, users, clock, order: shuffledOrder(options.seed ?? 1) };
  let pubSub: PubSubControl | undefined;
  const server = await startSimServer(
    options,
    { bodyLimit: BODY_LIMIT, rewriteUrl: (request) => unversioned(request.url ?? '/') },
    (app) => {
      addRoutes(app, parts);
      pubSub = addPubSub(app, { database, users, beepMs: options.beepMs ?? 45_000 });
    },
  );
  return {
    ...server,
    ...createPipeline({ database, files, url: server.url, clock, owner: PIPELINE_USER }),
    loseSubscriptions: () => pubSub?.loseSubscriptions(),
    subscriptions: () => pubSub?.subscriptions() ?? 0,
    token: lab.token,
    pipelineToken: pipeline.token,
    database,
    telemetry,
    services: createServices(database),
    node: (id) => {
      const node = database.get(id);
      return node === undefined ? undefined : printNode(node);
    },
    runTimeouts: (now = clock()) => runTimeoutService(database, PIPELINE_USER, now),
  };
}

function unversioned(url: string): string {
  return url.replace(/^\/(latest|v0)(?=\/)/, '');
}

/** The API promises no order of events; here they come shuffled, but the same way each time, so that paging works. */
function shuffledOrder(seed: number): (event: SimEvent) => number {
  return (event) => seededRandom(seed * 1_000_003 + event.sequence_id)();
}

function addRoutes(app: FastifyInstance, parts: Parts): void {
  app.addHook('onRequest', async (request, reply) => {
    const version = /^\/(v[\d.]+)/.exec(request.originalUrl)?.[1];
    if (version !== undefined && version !== 'v0') {
      await reply.code(400).type('text/plain').send(`Unsupported API version: ${version}`);
    }
  });
  app.setErrorHandler(async (error: unknown, _request, reply) => {
    if (error instanceof ApiError && error.status === 500) {
      return reply.code(500).send({ message: error.detail });
    }
    if (error instanceof ApiError) return reply.code(error.status).send({ detail: error.detail });
    const known = z.object({ statusCode: z.number(), message: z.string() }).safeParse(error);
    const { statusCode, message } = known.success ? known.data : { statusCode: 500, message: String(error) };
    // A body that is no JSON is refused as one of a wrong shape.
    return reply.code(statusCode === 400 ? 422 : statusCode).send({ detail: message });
  });
  addReading(app, parts);
  addWriting(app, parts);
}
