// The queries and bodies of the API except for requests: parsed at the door, and described in the OpenAPI document.
import { z } from 'zod';
import { STAGES } from '../store/index.ts';

const flag = z.stringbool().optional();

export const ListQuery = z.object({
  lab: z.string().optional(),
  board: z.string().optional(),
  stage: z.enum(STAGES).optional(),
  done: flag,
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z.iso.datetime({ offset: true }).optional().describe('only jobs that were received before'),
});

export const LogQuery = z.object({
  follow: flag.describe('go on as LAVA writes it'),
  raw: flag.describe('all of LAVA’s lines'),
});

export const Why = z.object({ reason: z.string().max(500).optional() }).nullish();

export const DropBody = z.strictObject({
  delivery: z
    .union([z.number().int(), z.string().min(1).max(100)])
    .describe('the number of a delivery, or the name of a destination: all of the job to it'),
  reason: z.string().max(500).optional(),
});

export const DrainBody = z.strictObject({
  lab: z.string(),
  board: z.string().optional().describe('left out: the whole lab'),
  reason: z.string().max(500).optional(),
});
