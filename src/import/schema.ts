// KernelCI's configuration as it is read: other people's data, so only what is used is checked, and loosely
// (kernelci-core kernelci/config/*.py, August 2026). Unknown keys are kept, for the report.
import { z } from 'zod';

const text = z.coerce.string();
const missing = z.undefined().or(z.null());

/** Absent and null are the same here, as in KernelCI. */
function optional<S extends z.ZodType>(schema: S) {
  return z
    .union([missing, schema])
    .transform((value) => value ?? undefined)
    .optional();
}

/** One text where a list is meant counts as a list of one. */
const texts = z.union([z.array(text), text.transform((one) => [one])]);

const Scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Field of a build → what is allowed or, with `!`, forbidden. */
const Rules = z.record(z.string(), z.unknown());

const Params = z.record(z.string(), z.json());

export const Runtime = z.looseObject({
  lab_type: optional(text),
  url: optional(text),
  priority: optional(Scalar),
  priority_min: optional(z.number()),
  priority_max: optional(z.number()),
  notify: optional(z.looseObject({ callback: optional(z.record(z.string(), Scalar)) })),
  max_queue_depth: optional(z.number()),
  rules: optional(Rules),
});
export type Runtime = z.infer<typeof Runtime>;

export const Platform = z.looseObject({
  arch: optional(text),
  base_name: optional(text),
  boot_method: optional(text),
  mach: optional(text),
  dtb: optional(texts),
  compatible: optional(texts),
  context: optional(z.record(z.string(), z.json())),
  flash_image: optional(text),
  params: optional(Params),
  rules: optional(Rules),
});
export type Platform = z.infer<typeof Platform>;

export const Job = z.looseObject({
  template: text,
  kind: optional(text),
  params: optional(Params),
  rules: optional(Rules),
  kcidb_test_suite: optional(text),
  priority: optional(Scalar),
});
export type Job = z.infer<typeof Job>;

export const SchedulerEntry = z.looseObject({
  job: text,
  event: z.looseObject({ kind: optional(text), name: optional(text), state: optional(text) }),
  runtime: optional(z.looseObject({ type: optional(text), name: optional(text) })),
  platforms: optional(texts),
  rules: optional(Rules),
});
export type SchedulerEntry = z.infer<typeof SchedulerEntry>;

export const Rootfs = z.record(z.string(), z.unknown());

/** A branch of a tree that is built. */
export const BuildConfig = z.looseObject({
  tree: text,
  branch: text,
  priority: optional(Scalar),
  architectures: optional(texts),
});
export type BuildConfig = z.infer<typeof BuildConfig>;

export const Api = z.looseObject({ url: text });
export const Storage = z.looseObject({
  storage_type: optional(text),
  base_url: text,
  api_url: optional(text),
});
