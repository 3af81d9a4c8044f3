// The verdict as it is kept with a job.
import type { StoredVerdict } from '../store/index.ts';
import type { Verdict } from '../verdict/model.ts';

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
