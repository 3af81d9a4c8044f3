// The verdict as it is kept with a job: enough for lists, pages and the timeline. The whole is in the reports.
import { z } from 'zod';
import { NODE_RESULTS } from '../verdict/node-result.ts';
import { REACHED, RULE_NAMES, STATUSES, type Verdict } from '../verdict/model.ts';

export const StoredVerdict = z.strictObject({
  /** The rule of the verdicts' table that decided. */
  rule: z.enum(RULE_NAMES),
  why: z.array(z.string()),
  reached: z.enum(REACHED),
  /** Maestro's word for it. */
  result: z.enum(NODE_RESULTS),
  lavaId: z.number().nullable(),
  device: z.string().nullable(),
  tests: z.array(z.strictObject({ path: z.string(), status: z.enum(STATUSES), leaves: z.number() })),
  issues: z.array(z.strictObject({ test: z.string(), signature: z.string(), comment: z.string() })),
});
export type StoredVerdict = z.infer<typeof StoredVerdict>;

export function toStored(verdict: Verdict, lavaId: number | null, device: string | null): StoredVerdict {
  return {
    rule: verdict.rule,
    why: verdict.why,
    reached: verdict.reached,
    result: verdict.node.result,
    lavaId,
    device,
    tests: [verdict.boot, ...verdict.roots].map((t) => ({
      path: t.path,
      status: t.status,
      leaves: t.leaves.length,
    })),
    issues: verdict.issues.map((i) => ({ test: i.testPath, signature: i.signature, comment: i.comment })),
  };
}
