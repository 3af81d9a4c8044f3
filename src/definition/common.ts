// What the parts of a LAVA job definition share (lava_common/schemas of LAVA 2023.01 to 2026.10).
import { z } from 'zod';
import type { ValueRules } from './value-rules.ts';

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
export const flag = z.boolean().optional();
export const count = z.number().int().min(0).optional();

/** One line, or several. */
export const TextOrList = z.union([z.string(), z.array(z.string())]);

/** The name of a variable of a shell. */
export const VariableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'the name of a shell variable');

/** Keys that every action may have. */
export function actionKeys(rules: ValueRules) {
  return {
    namespace: rules.word
      .refine((v) => v !== 'common' && v !== 'docker-test-shell', 'common and docker-test-shell are reserved')
      .optional(),
    'connection-namespace': rules.word.optional(),
    timeout: Timeout.optional(),
    timeouts: z.record(rules.word, Timeout).optional(),
    repeat: atLeastOne.optional(),
    failure_retry: atLeastOne.optional(),
    failure_retry_interval: atLeastOne.optional(),
    role: rules.reaching(z.array(text), 'a job of several boards (multinode) is not taken'),
    protocols: rules.reaching(z.unknown(), 'protocols reach other boards and containers of the lab'),
  };
}

const DOCKER_IMAGE = /^[a-z0-9]+[a-z0-9._/:-]*[a-z0-9]+(:[a-zA-Z0-9_]+[a-zA-Z0-9._-]*)?$/;

/** A container on the dispatcher. All of it ends in docker's command line, in which LAVA splits at blanks. */
export function dockerKeys(rules: ValueRules) {
  return {
    image: z.string().regex(DOCKER_IMAGE, 'no name of a docker image').pipe(rules.dockerImage),
    local: flag,
    container_name: rules.word.optional(),
    network_from: rules.word.optional(),
    login: rules.reaching(z.record(z.string(), z.string()), 'it would hold a password'),
  };
}
