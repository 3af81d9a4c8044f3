// An event for `POST /telemetry`, of which Maestro's statistics of labs and boards are made (kernelci-core
// kernelci/api/models.py, TelemetryEvent, August 2026).
import { z } from 'zod';

/** One event; the kinds are those that the bridge sends. */
export const TelemetryEvent = z.strictObject({
  kind: z.enum(['runtime_error', 'job_skip', 'job_result', 'test_result']),
  runtime: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  device_type: z.string().optional(),
  device_id: z.string().optional(),
  job_name: z.string().optional(),
  test_name: z.string().optional(),
  job_id: z.string().optional(),
  node_id: z.string().optional(),
  tree: z.string().optional(),
  branch: z.string().optional(),
  arch: z.string().optional(),
  result: z.string().optional(),
  error_type: z.string().optional(),
  error_msg: z.string().optional(),
  is_infra_error: z.boolean().optional(),
  retry: z.number().int().optional(),
  extra: z.record(z.string(), z.unknown()).optional(),
});
export type TelemetryEvent = z.infer<typeof TelemetryEvent>;
