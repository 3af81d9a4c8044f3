// The routes of the simulated Maestro that a lab uses (kernelci-api api/main.py, July 2026). Not there: the
// management of users, the web pages; pub/sub is in pub-sub.ts.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseTime } from '../../core/time.ts';
import { editable, objectId, userOf, type SimUser } from './access.ts';
import { printEvent, type Database, type SimEvent } from './database.ts';
import { ApiError, nodeBody, PatchBody, printNode, shaped, type SimNode, type TreeBody } from './model.ts';
import { equal, nodeMatch, valueAt, whole, type Query } from './query.ts';

/** What the routes work on. */
export interface Parts {
  database: Database;
  files: ReadonlyMap<string, { type: string; body: string }>;
  telemetry: Record<string, unknown>[];
  users: SimUser[];
  clock: () => number;
  order: (event: SimEvent) => number;
}

export function addReading(app: FastifyInstance, { database, files, telemetry, users, order }: Parts): void {
  app.get('/whoami', async (request) => {
    const { username, groups } = userOf(request, users);
    return {
      id: '0123456789abcdef01234567',
      username,
      email: `${username}@example.com`,
      is_active: true,
      is_superuser: false,
      is_verified: true,
      groups: groups.map((name, i) => ({ id: String(i).padStart(24, '0'), name })),
    };
  });

  app.get('/node/:id', async (request, reply) => {
    const node = database.get(objectId(request));
    // Unknown is not 404 here.
    return reply.type('application/json').send(node === undefined ? 'null' : JSON.stringify(printNode(node)));
  });

  app.get('/nodes', async (request) => {
    const query = queryOf(request);
    const found = search(database, query);
    const limit = whole(query, 'limit', 50);
    const offset = whole(query, 'offset', 0);
    return {
      items: found.slice(offset, offset + limit).map(printNode),
      total: found.length,
      limit,
      offset,
    };
  });

  app.get('/nodes/fast', async (request) => {
    const query = queryOf(request);
    const offset = whole(query, 'offset', 0);
    return search(database, query)
      .slice(offset, offset + whole(query, 'limit', Infinity))
      .map(printNode);
  });

  app.get('/count', async (request) => search(database, queryOf(request)).length);
  app.get('/events', async (request) => findEvents(database, queryOf(request), order));
  app.get('/telemetry', async () => ({ items: telemetry, total: telemetry.length, limit: 50, offset: 0 }));

  // No part of Maestro: where the job definitions and the builds' files lie, as on files.kernelci.org.
  app.get('/files/*', async (request, reply) => {
    const file = files.get(request.originalUrl);
    if (file === undefined) return reply.code(404).send(`Not Found: ${request.originalUrl}`);
    return reply.type(file.type).send(file.body);
  });
}

export function addWriting(app: FastifyInstance, { database, telemetry, users, clock }: Parts): void {
  app.post('/node', async (request) => {
    const user = userOf(request, users);
    return printNode(database.create(shaped(nodeBody(clock()), request.body), user.username));
  });

  app.put('/node/:id', async (request) => {
    const id = editable(request, users, database);
    const body = shaped(nodeBody(clock()), request.body);
    return printNode(database.replace(id, body, isSilent(request)));
  });

  app.patch('/node/:id', async (request) => {
    const id = editable(request, users, database);
    const parsed = PatchBody.safeParse(request.body);
    if (!parsed.success) throw new ApiError(400, parsed.error.issues[0]?.message ?? 'invalid');
    const changes = Object.fromEntries(
      Object.entries(parsed.data).filter(([, value]) => value !== undefined),
    );
    if (Object.keys(changes).length === 0) throw new ApiError(400, 'No fields to update');
    return printNode(database.change(id, changes, isSilent(request)));
  });

  app.put('/nodes/:id', async (request) => {
    const user = userOf(request, users);
    const id = editable(request, users, database);
    return database.hierarchy(id, readTree(request.body, clock(), true), user.username).map(printNode);
  });

  app.post('/telemetry', async (request) => {
    userOf(request, users);
    const events = shaped(z.array(z.unknown()), request.body);
    const parsed = z.array(TelemetryBody).min(1).safeParse(events);
    if (!parsed.success) throw new ApiError(400, parsed.error.issues[0]?.message ?? 'invalid');
    telemetry.push(...parsed.data);
    return { inserted: parsed.data.length };
  });
}

const text = z.string().nullish();
const TelemetryBody = z.object({
  kind: z.string(),
  runtime: z.string(),
  ts: z
    .string()
    .refine((ts) => parseTime(ts) !== undefined, 'Invalid isoformat string')
    .optional(),
  device_type: text,
  device_id: text,
  job_name: text,
  test_name: text,
  job_id: text,
  node_id: text,
  tree: text,
  branch: text,
  arch: text,
  result: text,
  error_type: text,
  error_msg: text,
  is_infra_error: z.boolean().default(false),
  retry: z.number().int().nullish(),
  extra: z.record(z.string(), z.unknown()).nullish(),
});

function readTree(raw: unknown, now: number, isRoot: boolean): TreeBody {
  const shape = shaped(z.object({ node: z.unknown(), child_nodes: z.array(z.unknown()) }), raw);
  const node = shaped(nodeBody(now), shape.node, ['node']);
  if (!isRoot && node.id !== undefined && node.id !== null) throw new ApiError(400, 'Child node with an id');
  return { node, child_nodes: shape.child_nodes.map((child) => readTree(child, now, false)) };
}

function search(database: Database, query: Query): SimNode[] {
  const match = nodeMatch(query);
  return [...database.nodes.values()].filter((node) => match(node));
}

const EVENT_FIELDS = new Set(['kind', 'state', 'result', 'op', 'name', 'group', 'owner']);

function findEvents(
  database: Database,
  query: Query,
  order: (event: SimEvent) => number,
): Record<string, unknown>[] {
  const { from, limit: _limit, offset: _offset, recursive, ...rest } = query;
  // Any value is true, the word `false` among them.
  const withNodes = typeof recursive === 'string' && recursive !== '';
  const limit = whole(query, 'limit', Infinity);
  if (withNodes && limit > 1000) throw new ApiError(400, 'recursive needs a limit of at most 1000');
  const offset = whole(query, 'offset', 0);
  const since = from === undefined ? undefined : parseTime(String(from));
  if (from !== undefined && since === undefined) {
    throw new ApiError(400, `Invalid isoformat string: '${String(from)}'`);
  }
  const tests = Object.entries(rest).map(([key, value]) => eventTest(key, String(value)));
  return database.events
    .filter((event) => (since === undefined || event.timestamp > since) && tests.every((test) => test(event)))
    .toSorted((a, b) => order(a) - order(b))
    .slice(offset, offset + limit)
    .map((event) => printEvent(event, withNodes ? database.nodes : undefined));
}

function eventTest(key: string, wanted: string): (event: SimEvent) => boolean {
  if (key === 'path') {
    return (event) => [event.data['path']].flat().some((part) => new RegExp(wanted).test(String(part)));
  }
  if (key === 'ids') return (event) => wanted.split(',').includes(event.id);
  const path = key === 'node_id' ? 'data.id' : EVENT_FIELDS.has(key) ? `data.${key}` : key;
  return (event) => equal(valueAt(event, path), wanted);
}

function queryOf(request: FastifyRequest): Query {
  return z.record(z.string(), z.union([z.string(), z.array(z.string())])).parse(request.query);
}

function isSilent(request: FastifyRequest): boolean {
  return /^(true|1|yes|on)$/i.test(String(queryOf(request)['noevent'] ?? ''));
}
