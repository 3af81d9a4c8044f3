// The queries and bodies of the API except for requests: parsed at the door, and described in the OpenAPI document.
import { z } from 'zod';
import { STAGES, toReasonCode } from '../store/index.ts';
import { LAYERS } from '../verdict/layers.ts';
import { RULE_NAMES } from '../verdict/model.ts';
import { NODE_RESULTS } from '../verdict/node-result.ts';

const flag = z.stringbool().optional();

const word = z.string().min(1).max(300).optional();

/** Where a page of a list goes on, as the page before said it. */
const After = z
  .string()
  .max(400)
  .regex(/^\d{1,15}\..+$/, 'what `next` of the page before said')
  .transform((text) => {
    const dot = text.indexOf('.');
    return { at: Number(text.slice(0, dot)), id: text.slice(dot + 1) };
  });

export const ListQuery = z.object({
  lab: word,
  board: word,
  device: word,
  tree: word,
  commit: word,
  build: word.describe("the id of Maestro's kbuild node"),
  name: word.describe("the name of Maestro's job node"),
  node_id: word,
  lava_id: z.coerce.number().int().optional(),
  stage: z.enum(STAGES).optional(),
  done: flag,
  result: z.enum(NODE_RESULTS).optional(),
  rule: z.enum(RULE_NAMES).optional(),
  layer: z.enum(LAYERS).optional(),
  reason_code: z
    .string()
    .max(100)
    .transform((text, ctx) => {
      const code = toReasonCode(text);
      if (code !== null) return code;
      ctx.addIssue({ code: 'custom', message: 'no such reason' });
      return z.NEVER;
    })
    .optional()
    .describe('why it waits'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  since: z.iso.datetime({ offset: true }).optional().describe('only jobs that were received then or later'),
  before: z.iso.datetime({ offset: true }).optional().describe('only jobs that were received before'),
  after: After.optional().describe('the next page: what `next` of the page before said'),
  format: z.enum(['json', 'csv']).default('json').describe('of the list of jobs'),
});
export type ListQuery = z.infer<typeof ListQuery>;

const days = z.coerce.number().int().min(1).max(3660);

export const SummaryQuery = z.object({ days: days.default(7).describe('so many, today among them') });

export const IssuesQuery = z.object({
  days: days.default(30).describe('found in so many days, today among them'),
  lab: word,
  board: word,
  tree: word,
  layer: z.enum(LAYERS).optional(),
  offset: z.coerce.number().int().min(0).max(100_000).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const LogQuery = z.object({
  follow: flag.describe('go on as LAVA writes it'),
  raw: flag.describe('all of LAVA’s lines'),
});

export const Why = z.object({ reason: z.string().max(500).optional() }).nullish();

export const FileQuery = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/, 'letters, digits and . _ -, no dot first')
    .describe('the file’s name, with which LAVA sees it'),
});

export const RejudgeBody = z.strictObject({
  report: z
    .boolean()
    .default(false)
    .describe('store what comes out differently, and report it as a correction; else it is only shown'),
});

export const DropBody = z.strictObject({
  delivery: z
    .union([z.number().int(), z.string().min(1).max(100)])
    .describe('the number of a delivery, or the name of a destination: all of the job to it'),
  reason: z.string().max(500).optional(),
});

export const DrainBody = z
  .strictObject({
    lab: z.string(),
    board: z.string().optional().describe('without a device: left out, the whole lab'),
    device: z.string().optional().describe('one device of LAVA, in place of a board'),
    reason: z.string().max(500).optional(),
  })
  .refine(({ board = '', device = '' }) => board === '' || device === '', {
    message: 'a board or a device, not both',
    path: ['device'],
  });
