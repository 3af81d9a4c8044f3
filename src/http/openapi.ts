// The API's description for programs, OpenAPI 3.1: made of the same schemas that requests are checked with and answers
// are read with.
import { z } from 'zod';
import { JobRequest } from '../maestro/request.ts';
import { Summary } from '../reporting/summary.ts';
import {
  AttemptView,
  BoardList,
  BoardView,
  DaemonView,
  DeliveryView,
  DrainAnswer,
  IssueList,
  IssueView,
  JobDetail,
  JobList,
  JobRow,
  LabList,
  LabView,
  PartList,
  PartView,
  Overview,
  Refusal,
  RejudgedView,
  TimelineView,
} from './shapes.ts';
import {
  DrainBody,
  DropBody,
  FileQuery,
  IssuesQuery,
  ListQuery,
  LogQuery,
  RejudgeBody,
  SummaryQuery,
  Why,
} from './queries.ts';

type Json = Record<string, unknown>;

const NAMED = {
  Job: JobRow,
  JobDetail,
  JobList,
  Attempt: AttemptView,
  Delivery: DeliveryView,
  Entry: TimelineView,
  Rejudged: RejudgedView,
  Lab: LabView,
  LabList,
  Daemon: DaemonView,
  Part: PartView,
  PartList,
  Board: BoardView,
  BoardList,
  Overview,
  Summary,
  Issue: IssueView,
  IssueList,
  Error: Refusal,
};

/** The document, as JSON. `version`: of the program. */
export function openApi(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'lava-bridge',
      version,
      description:
        'Requests in, jobs and what is known of them out. What changes something needs the bearer token.',
    },
    paths: paths(),
    components: {
      schemas: { ...answers(), Request: schemaOf(JobRequest, 'input') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'http.token, or one of http.tokens' },
      },
    },
  };
}

function paths(): Json {
  const id = {
    name: 'id',
    in: 'path',
    required: true,
    description: 'the job’s id, or its node id alone',
    schema: { type: 'string' },
  };
  const unknown = { 404: refused('there is no such job') };
  return {
    '/api/v1/requests': {
      post: {
        summary: 'Hand in a request; again, nothing happens twice',
        security: [{ token: [] }],
        requestBody: content(ref('Request')),
        responses: {
          202: json('taken in', ref('Job')),
          200: json('it was here before', ref('Job')),
          400: refused('it is no request'),
          413: refused('it is larger than requests.max_size'),
          503: refused('too many at once; to be sent again after Retry-After'),
          422: refused('it cannot be run; it is in the list all the same if its lab is known'),
          ...CLOSED,
        },
      },
      ...get(
        'The newest jobs, with their requests; fewer than `limit` if the requests are large',
        json('jobs', ref('JobList')),
        query(ListQuery),
        BAD_QUERY,
      ),
    },
    '/api/v1/jobs': get(
      'The newest jobs, page by page',
      {
        description: 'jobs; of CSV, the header X-Next says where the next page begins',
        content: {
          'application/json': { schema: ref('JobList') },
          'text/csv': { schema: { type: 'string' } },
        },
      },
      query(ListQuery),
      BAD_QUERY,
    ),
    '/api/v1/jobs/{id}': get('All that is known of a job', json('the job', ref('JobDetail')), [id], unknown),
    '/api/v1/jobs/{id}/log': get(
      'The board’s console',
      { description: 'as it is, or as it grows', content: { 'text/plain': { schema: { type: 'string' } } } },
      [id, ...query(LogQuery)],
      { ...BAD_QUERY, ...unknown },
    ),
    '/api/v1/jobs/{id}/cancel': order(
      'Cancel a job; it is reported as cancelled',
      Why,
      {
        202: json('it is being cancelled', { type: 'object', properties: { id: { type: 'string' } } }),
        409: refused('it has ended, or is being cancelled'),
        ...unknown,
      },
      [id],
    ),
    '/api/v1/jobs/{id}/retry': order(
      'Send parked deliveries again, or let a job that waits look again now',
      z.object({}).nullish(),
      {
        202: json('what is tried again', {
          type: 'object',
          properties: { id: { type: 'string' }, retried: { type: 'string' } },
        }),
        409: refused('there is nothing to try again'),
        ...unknown,
      },
      [id],
    ),
    '/api/v1/jobs/{id}/drop-delivery': order(
      'Give up deliveries of a job; it ends without them',
      DropBody,
      {
        200: json('what was given up', {
          type: 'object',
          properties: { id: { type: 'string' }, dropped: { type: 'array', items: ref('Delivery') } },
        }),
        409: refused('no such delivery is open'),
        ...unknown,
      },
      [id],
    ),
    '/api/v1/jobs/{id}/rejudge': order(
      'Judge the stored evidence of a reported job again, by today’s rules',
      RejudgeBody,
      {
        200: json('what differs', ref('Rejudged')),
        409: refused('it has no verdict that was reported, or its logs are no longer kept'),
        503: refused('too many at once; to be sent again after Retry-After'),
        ...unknown,
      },
      [id],
    ),
    ...filePaths(),
    ...labPaths(),
  };
}

/** Files for tests of one's own. */
function filePaths(): Json {
  return {
    '/api/v1/files': {
      post: {
        summary: 'Keep a file for a week, for LAVA to fetch: a kernel of one’s own',
        security: [{ token: [] }],
        parameters: query(FileQuery),
        requestBody: { content: { 'application/octet-stream': {} } },
        responses: {
          200: json('where it is, below http.public_url', {
            type: 'object',
            properties: { path: { type: 'string' } },
          }),
          ...BAD_QUERY,
          ...CLOSED,
        },
      },
    },
  };
}

/** What the labs are at, and orders to them. */
function labPaths(): Json {
  return {
    '/api/v1/labs': get(
      'The labs: up or down, and their open jobs; and the daemons that share the work',
      json('labs', ref('LabList')),
    ),
    '/api/v1/parts': get(
      'Every part outside: up, down or unknown, and when it answered last',
      json('parts', ref('PartList')),
    ),
    '/api/v1/boards': get('The boards that the labs have', json('boards', ref('BoardList'))),
    '/api/v1/overview': get(
      'The lab at a glance: what is up, where jobs are, why they wait, what became of those of the last day',
      json('the lab', ref('Overview')),
    ),
    '/api/v1/summary': get(
      'The report of the last days',
      json('the report', ref('Summary')),
      query(SummaryQuery),
      BAD_QUERY,
    ),
    '/api/v1/issues': get(
      'Failures that recur, the most frequent first',
      json('issues', ref('IssueList')),
      query(IssuesQuery),
      BAD_QUERY,
    ),
    '/api/v1/drain': order('Let no new job into a lab, or onto one of its boards', DrainBody, {
      200: json('drained', schemaOf(DrainAnswer, 'output')),
      404: refused('there is no such lab'),
    }),
    '/api/v1/resume': order('Let jobs in again', DrainBody, {
      200: json('resumed', schemaOf(DrainAnswer, 'output')),
      404: refused('there is no such lab'),
      409: refused('it was not drained'),
    }),
  };
}

/** Answers of routes that need the token. */
const CLOSED = {
  401: refused('the token is missing or wrong'),
  403: refused('no token for orders is configured, or this one is for reading only'),
};

/** The entry of a route that gives an order. */
const order = (summary: string, body: z.ZodType, responses: Json, parameters: Json[] = []): Json => ({
  post: {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    security: [{ token: [] }],
    requestBody: content(schemaOf(body, 'input')),
    responses: { ...responses, 400: refused('the body is not as it should be'), ...CLOSED },
  },
});

/** The entry of a route that shows something. */
const get = (summary: string, answer: Json, parameters: Json[] = [], more: Json = {}): Json => ({
  get: {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: { 200: answer, ...more },
  },
});

const BAD_QUERY = { 400: refused('the query is not as it should be') };

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function content(schema: Json): Json {
  return { content: { 'application/json': { schema } } };
}

function json(description: string, schema: Json): Json {
  return { description, ...content(schema) };
}

function refused(description: string): Json {
  return json(description, ref('Error'));
}

function query(schema: z.ZodObject): Json[] {
  const { properties = {} } = z
    .object({ properties: z.record(z.string(), z.unknown()).optional() })
    .parse(schemaOf(schema, 'input'));
  return Object.entries(properties).map(([name, own]) => ({ name, in: 'query', schema: own }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  delete made.$schema;
  return made;
}

/** Those that refer to each other do so by their names. */
function answers(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  for (const schema of Object.values(schemas)) {
    delete schema.$schema;
    delete schema.$id;
  }
  return schemas;
}
