// What of LAVA's REST API the bridge asks: jobs, by submitter, id and metadata; and a device's last health check.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Lab } from './lab.ts';
import type { SimJob, SimUser } from './model.ts';

const METADATA = 'metadata__';
const Query = z.looseObject({
  limit: z.coerce.number().int().default(50),
  id__gt: z.coerce.number().int().default(0),
  submitter__username: z.string().optional(),
});
type Query = z.infer<typeof Query>;

export interface RestContext {
  lab: Lab;
  users: readonly SimUser[];
  /** Called for every call. */
  count: (what: string) => void;
}

/** Adds `GET /api/v0.2/jobs/` and `GET /api/v0.2/devices/NAME/`. */
export function addRest(app: FastifyInstance, { lab, users, count }: RestContext): void {
  app.get<{ Params: { name: string } }>('/api/v0.2/devices/:name/', async (request, reply) => {
    count('GET devices');
    if (userOf(users, request.headers.authorization) === 'unknown')
      return reply.code(403).send({ detail: 'Invalid token.' });
    const device = lab.devices.get(request.params.name);
    if (device === undefined) return reply.code(404).send({ detail: 'Not found.' });
    const { name: hostname, type: device_type, health, state, healthJob } = device;
    return { hostname, device_type, health, state, last_health_report_job: healthJob ?? null };
  });

  app.get('/api/v0.2/jobs/', async (request: FastifyRequest, reply: FastifyReply) => {
    count('GET jobs');
    const user = userOf(users, request.headers.authorization);
    if (user === 'unknown') return reply.code(403).send({ detail: 'Invalid token.' });
    const query = Query.parse(request.query);
    const found = [...lab.jobs.values()]
      .filter((job) => fits(lab, job, query, user?.name))
      .toSorted((a, b) => b.id - a.id);
    return reply.send({
      count: found.length,
      next: null,
      previous: null,
      results: found.slice(0, query.limit).map(({ id, definition, state, health }) => ({
        id,
        description: definition.job_name,
        state,
        health,
      })),
    });
  });
}

function fits(lab: Lab, job: SimJob, query: Query, user: string | undefined): boolean {
  if (job.definition.visibility !== 'public' && job.submitter !== user) return false;
  if (job.id <= query.id__gt) return false;
  if (query.submitter__username !== undefined && job.submitter !== query.submitter__username) return false;
  // What an older LAVA does not know is no filter to it.
  if (!lab.age.callbackKnowsMetadata) return true;
  const metadata = new Map(Object.entries(z.looseObject({}).catch({}).parse(job.definition.metadata)));
  return Object.entries(query)
    .filter(([key]) => key.startsWith(METADATA))
    .every(([key, value]) => metadata.get(key.slice(METADATA.length)) === value);
}

/** `Token SECRET`; the name is not asked for. */
function userOf(users: readonly SimUser[], header: string | undefined): SimUser | 'unknown' | undefined {
  if (header === undefined) return undefined;
  return users.find(({ token }) => header === `Token ${token}`) ?? 'unknown';
}
