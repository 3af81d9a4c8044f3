// Whose part failed, in one word: what lists, statistics and notifications sort results by.
import type { Culprit, Verdict } from './model.ts';

/**
 * `kernel`: it crashed, did not boot, or left a report. `test`: a test failed, or could not do its work. `harness`: the lab
 * (its boards, servers, LAVA, the definition). `unknown`: something failed, and nothing says whose part. `none`: nothing
 * failed, or the job was not wanted any more.
 */
export const LAYERS = ['none', 'kernel', 'test', 'harness', 'unknown'] as const;
/** Whose part failed. */
export type Layer = (typeof LAYERS)[number];

/** The layer of a whole job. The lab's failure comes first: an infrastructure failure is never reported as the kernel's. */
export function layerOf(verdict: Verdict): Layer {
  const { boot, roots, issues, node } = verdict;
  if (verdict.labFailed) return 'harness';
  if (verdict.canceled || node.errorCode === 'Canceled') return 'none';
  if (node.result === 'pass' || node.result === 'skip') return 'none';
  const blamed = new Set(issues.map(({ culprit }) => layerOfCulprit(culprit)));
  if (blamed.has('kernel') || boot.status === 'FAIL') return 'kernel';
  if (blamed.has('harness')) return 'harness';
  if (blamed.has('test') || roots.some(({ status }) => status === 'FAIL')) return 'test';
  return 'unknown';
}

/** The layer that an issue belongs to. */
export function layerOfCulprit(culprit: Culprit | undefined): Layer {
  if (culprit === undefined) return 'unknown';
  if (culprit.code) return 'kernel';
  return culprit.harness ? 'harness' : 'test';
}
