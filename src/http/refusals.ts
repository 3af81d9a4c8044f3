// How the API refuses a query or a body that is not as it should be.
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { firstIssue } from '../core/issue-path.ts';
import { refuse } from './auth.ts';

/** A query or body that is not as it should be: 400, naming the place. */
export function invalid(reply: FastifyReply, error: z.ZodError): FastifyReply {
  const { field = '', text } = firstIssue(error);
  return refuse(reply, 400, 'invalid', text, field);
}
