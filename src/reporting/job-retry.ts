// What Maestro's job_retry does: a job that ended so is tried again by Maestro, as a new node (kernelci-pipeline
// src/job_retry.py). Its own bridge to KCIDB leaves out exactly these (src/send_kcidb.py, August 2026).
import type { NodeResult } from '../verdict/node-result.ts';

/** Maestro starts a run again at most so often. */
export const MAESTRO_RETRIES = 3;

/** Whether Maestro tries a job again that ended so. `tries`: its retry_counter. */
export function isTriedAgain(name: string, result: NodeResult, tries: number): boolean {
  if (tries >= MAESTRO_RETRIES) return false;
  return result === 'incomplete' || (result === 'fail' && name.startsWith('baseline'));
}
