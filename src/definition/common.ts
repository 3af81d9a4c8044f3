// What the parts of a LAVA job definition share (LAVA 2023.01, lava_common/schemas).
import { z } from 'zod';

const atLeastOne = z.number().int().min(1);
const skip = z.boolean().optional();

/** Exactly one unit. */
export const Timeout = z.union(
  [
    z.strictObject({ minutes: atLeastOne, skip }),
    z.strictObject({ seconds: atLeastOne, skip }),
    z.strictObject({ hours: atLeastOne, skip }),
    z.strictObject({ days: atLeastOne, skip }),
  ],
  'a time-out such as {minutes: 10}: one of days, hours, minutes, seconds, at least 1',
);
export type Timeout = z.infer<typeof Timeout>;

const UNITS = { days: 86_400, hours: 3600, minutes: 60, seconds: 1 } as const;

/** A time-out in seconds. */
export function timeoutSeconds(timeout: Timeout): number {
  return Object.entries(UNITS).reduce((sum, [unit, size]) => {
    const amount = (timeout as Record<string, unknown>)[unit];
    return typeof amount === 'number' ? sum + amount * size : sum;
  }, 0);
}

export const text = z.string().min(1);

/** Keys that every action may have. */
export const actionKeys = {
  namespace: z
    .string()
    .min(1)
    .refine((v) => v !== 'common' && v !== 'docker-test-shell', 'common and docker-test-shell are reserved')
    .optional(),
  'connection-namespace': text.optional(),
  protocols: z.unknown().optional(),
  role: z.array(text).optional(),
  timeout: Timeout.optional(),
  timeouts: z.record(z.string(), Timeout).optional(),
  repeat: atLeastOne.optional(),
  failure_retry: atLeastOne.optional(),
  failure_retry_interval: atLeastOne.optional(),
};

const DOCKER_IMAGE = /^[a-z0-9]+[a-z0-9._/:-]*[a-z0-9]+(:[a-zA-Z0-9_]+[a-zA-Z0-9._-]*)?$/;

export const dockerKeys = {
  image: z.string().regex(DOCKER_IMAGE, 'no name of a docker image'),
  local: z.boolean().optional(),
  container_name: z.string().optional(),
  network_from: z.string().optional(),
};
export const Docker = z.strictObject(dockerKeys);

/** One line, or several. */
export const TextOrList = z.union([text, z.array(text)]);

export const DEFINITION_NAME = /^[-_a-zA-Z0-9]+$/;
