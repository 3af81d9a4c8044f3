// Who may do what: the tokens of the configuration, the names and roles that they stand for, and the guards of the routes.
// Secrets are compared in constant time, and never shown.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../core/address.ts';
import type { HttpConfig, Role } from '../config/http-schema.ts';
import { resolveSecret } from '../config/secrets.ts';
import type { ErrorCode } from '../core/error-codes.ts';
import type { Counters } from './counters.ts';
import { watchAnswers } from './open-answers.ts';

/** Somebody whose token was given: the name stands in timelines and in the journal. */
interface Actor {
  name: string;
  role: Role;
}

/** What is known of whoever sends a request. */
export interface Access {
  /** Whose token a request carries; undefined: none of ours. */
  actorOf: (headers: Pick<IncomingHttpHeaders, 'authorization'>) => Actor | undefined;
  /** Whether a request with these headers may read. */
  mayRead: (headers: IncomingHttpHeaders) => boolean;
  /** Whether there is a token for orders at all. */
  takesOrders: () => boolean;
  /** Reads other tokens; what it gives makes them count. Throws BridgeError `secret` if one cannot be had. */
  prepare: (http: HttpConfig) => () => void;
}

/** The name of whoever has the one token, `http.token`. */
const ADMIN = 'admin';

/** Whether two secrets are equal, in a time that reveals nothing of either. */
export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The token of `Authorization: Bearer …`. */
function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
}

/** Reads the tokens of the configuration. Throws BridgeError `secret` if one cannot be had. */
export function createAccess(http: HttpConfig): Access {
  let { known, reading } = tokensOf(http);
  function actorOf({ authorization }: Pick<IncomingHttpHeaders, 'authorization'>): Actor | undefined {
    const given = bearerOf(authorization);
    if (given === undefined) return undefined;
    const wanted = digest(given);
    // All are compared, so that the time does not tell which one it is.
    const found = known.filter((one) => timingSafeEqual(one.digest, wanted));
    return found[0]?.actor;
  }

  return {
    actorOf,
    mayRead: (headers) => reading === 'open' || actorOf(headers) !== undefined,
    takesOrders: () => known.some(({ actor }) => actor.role === 'operate'),
    prepare(next) {
      const fresh = tokensOf(next);
      return () => ({ known, reading } = fresh);
    },
  };
}

function tokensOf({ token, tokens = [], reading }: HttpConfig) {
  const all = [...(token === undefined ? [] : [{ name: ADMIN, role: 'operate' as const, token }]), ...tokens];
  const known = all.map(({ name, role, token: source }) => ({
    actor: { name, role },
    digest: digest(resolveSecret(source)),
  }));
  return { known, reading };
}

/** A check before a route's body is read. */
type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** The guards of routes. */
export interface Guards {
  /** Only for whoever may give orders. */
  operate: Guard;
  /** Only for whoever may read; routes that are open to all pass. */
  read: Guard;
  /** Who gave the order, after `operate` let them through. */
  nameOf: (request: FastifyRequest) => string;
}

/** Routes that show nothing of jobs, or have a check of their own, or are what links in reports lead to. */
const OPEN = /^\/(?:healthz|readyz|callback\/|logs\/|files\/|pages\/|login$|api\/v1\/openapi\.json$)/;

export function createGuards(access: Access, counters: Counters): Guards {
  const watch = watchAnswers(access.mayRead);

  function unauthorized(reply: FastifyReply, message: string): FastifyReply {
    counters.request('unauthorized');
    return refuse(reply.header('www-authenticate', 'Bearer'), 401, 'unauthorized', message);
  }

  return {
    async operate(request, reply) {
      if (!access.takesOrders()) {
        return refuse(
          reply,
          403,
          'no_token',
          'http.token is not set in the configuration, so nothing can be changed here',
        );
      }
      const actor = access.actorOf(request.headers);
      if (actor === undefined)
        return unauthorized(reply, 'Authorization: Bearer TOKEN is needed (http.token)');
      if (actor.role === 'operate') return undefined;
      return refuse(reply, 403, 'read_only', `the token of ${actor.name} is for reading only`);
    },
    async read(request, reply) {
      const path = request.routeOptions.url ?? '';
      if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
      if (path === '' || OPEN.test(path)) return undefined;
      if (access.mayRead(request.headers)) {
        watch(request.headers, reply.raw);
        return undefined;
      }
      if (!path.startsWith('/api/') && (request.headers.accept ?? '').includes('text/html'))
        return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 303);
      return unauthorized(
        reply,
        'reading needs a token here, too: Authorization: Bearer TOKEN (http.reading)',
      );
    },
    nameOf: (request) => access.actorOf(request.headers)?.name ?? ADMIN,
  };
}

/** The addresses outside loopback at which everybody may read jobs and logs. */
export function openToReaders(http: HttpConfig): ('api_listen' | 'pages_listen')[] {
  if (http.reading !== 'open') return [];
  return (['api_listen', 'pages_listen'] as const).filter((key) => !isLoopback(http[key].host));
}

/** Answers with an error of the catalogue. */
export function refuse(
  reply: FastifyReply,
  status: number,
  error: ErrorCode,
  message: string,
  field?: string,
): FastifyReply {
  return reply.code(status).send({ error, message, ...(field === undefined ? {} : { field }) });
}

/** When to come back after a refusal for being busy (seconds). */
const COME_BACK = 5;

/** Answers that there is too much of it at the moment. */
export function refuseBusy(reply: FastifyReply, message: string): FastifyReply {
  return refuse(reply.header('retry-after', COME_BACK), 503, 'busy', message);
}
