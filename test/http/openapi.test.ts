import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { LAB, testWorld, type TestWorld } from '../support/world.ts';

interface Operation {
  security?: unknown;
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

async function described(world: TestWorld): Promise<Document> {
  return (await world.http('/api/v1/openapi.json')).json as Document;
}

/** Whether a body is as the document says; the faults if it is not. */
function faults(document: Document, schema: object | undefined, body: unknown): unknown {
  if (schema === undefined) throw new Error('the document says nothing of that');
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(document, 'api');
  const located = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object;
  const check = ajv.compile(located);
  return check(body) ? [] : check.errors;
}

describe('the OpenAPI document', () => {
  it('describes what the API answers, for jobs in every state', async () => {
    const world = await testWorld();
    world.fly();
    const ended = world.publish({ scenario: 'mixed' });
    const refused = world.publish({ board: 'no-such-board' });
    await world.ended(ended);
    await world.ended(refused);
    await world.daemon.context.store.drain(LAB, '', 'the rack moves');
    await world.waits(world.publish(), 'drained');
    const document = await described(world);

    const views = ['/overview', '/summary', '/issues'];
    const paths = [...views, '/jobs', '/requests', '/labs', '/boards', '/jobs?limit=no', '/jobs/none'];
    for (const path of [...paths, `/jobs/${ended}`, `/jobs/${refused}`]) {
      const { status, json } = await world.http(`/api/v1${path}`);
      const known = path.replace(/\?.*/, '').replace(/^\/jobs\/.*/, '/jobs/{id}');
      const answer = document.paths[`/api/v1${known}`]?.['get']?.responses[status];
      expect([path, faults(document, answer?.content?.['application/json']?.schema, json)]).toEqual([
        path,
        [],
      ]);
    }
  });

  it('names every path of the API, and the token for whatever changes something', async () => {
    const world = await testWorld();
    const { paths, openapi } = await described(world);

    expect(openapi).toBe('3.1.0');
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        const at = path.replace('{id}', 'none');
        const { status } = await world.http(at, { method: method.toUpperCase() });
        const expected = method === 'post' ? 401 : path.includes('{id}') ? 404 : 200;
        expect([path, method, status, security !== undefined]).toEqual([
          path,
          method,
          expected,
          method === 'post',
        ]);
      }
    }
    expect(Object.keys(paths).map((path) => path.replace('/api/v1/', ''))).toEqual([
      'requests',
      'jobs',
      'jobs/{id}',
      'jobs/{id}/log',
      'jobs/{id}/cancel',
      'jobs/{id}/retry',
      'jobs/{id}/drop-delivery',
      'jobs/{id}/rejudge',
      'files',
      'labs',
      'parts',
      'boards',
      'overview',
      'summary',
      'issues',
      'drain',
      'resume',
    ]);
  });

  it('describes a request as it is taken', async () => {
    const world = await testWorld();
    const document = await described(world);
    const body =
      document.paths['/api/v1/requests']?.['post']?.requestBody?.content['application/json']?.schema;
    const node = { id: '6b0209a80000000000000006', kind: 'job', name: 'x', path: ['x'], state: 'available' };

    expect(faults(document, body, { node })).toEqual([]);
    expect(faults(document, body, { node: { ...node, id: 'no id' } })).not.toEqual([]);
    expect(faults(document, body, { node, more: 1 })).not.toEqual([]);
  });
});
