// How the API refuses a query or a body that is not as it should be.
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { refuse } from './auth.ts';

/** A query or body that is not as it should be: 400, naming the place. */
export function invalid(reply: FastifyReply, error: z.ZodError): FastifyReply {
  const [issue] = error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return refuse(reply, 400, 'invalid', `${field}: ${issue?.message ?? 'invalid'}`, field);
}
