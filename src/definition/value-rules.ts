// The shape of a LAVA job definition is the same whoever wrote it; what its values may be depends on that. The schemas
// of this folder are built from these rules: once for what LAVA's strict schema takes (what our templates make, what
// `validate --offline` checks), and once for definitions that came to us (supplied-rules.ts).
import { z } from 'zod';

/** Why a value is refused; `setting`: the key of the configuration that would permit it, if one would. */
export interface Refusal {
  message: string;
  setting?: `definitions.${string}`;
}

/** A text that may be refused; the text itself is never changed. */
export type Text = z.ZodType<string, string>;

export interface ValueRules {
  /** Whether LAVA's strict schema must take it; else also what LAVA takes at submission, and then passes over. */
  strict: boolean;
  /** An object with these keys alone. */
  object<T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict>;
  /** A key by which a definition reaches more of the lab's hosts than the board: `why` says how. */
  reaching<T>(value: z.ZodType<T>, why: string): z.ZodOptional<z.ZodType<T>>;
  deviceType: Text;
  device: Text;
  worker: Text;
  /** `public`, `personal`, or the name of a group. */
  visibility: Text;
  /** The name of a token in LAVA, whose text LAVA puts in its place. */
  token: Text;
  /** The name of one whose text goes to the host of a download, in a header. */
  headerToken: Text;
  /** A command of the device's configuration. */
  command: Text;
  /** The address of a file that LAVA's dispatcher fetches. */
  fileUrl: Text;
  /** The address of a git repository that the dispatcher clones. */
  repository: Text;
  /** The address of an archive of tests that the dispatcher unpacks. */
  archive: Text;
  dockerImage: Text;
  /** The job's context; LAVA pastes its values into the settings of the device. */
  context: z.ZodType<Record<string, unknown>>;
  /** The part of a path or an argument on the dispatcher. */
  word: Text;
  /** Ways to deploy and to boot that this folder knows by their names only. */
  otherWays: boolean;
  /** `notify`, with what is permitted in it. */
  callbackUrl: Text;
  callbackToken: Text;
  /** What else is wrong with a deploy action. */
  deployFaults(action: DeployFacts): Fault[];
}

export type Fault = readonly [path: readonly (string | number)[], message: string];

/** What `deployFaults` judges: QEMU's options that come with files. */
export interface DeployFacts {
  files: { path: readonly string[]; label: string; image_arg: string | undefined }[];
}

/** A key that LAVA's submission takes and its strict schema refuses; it has no effect where it stands. */
export function tolerated<T>(rules: ValueRules, value: z.ZodType<T>): z.ZodOptional<z.ZodType<T>> {
  if (!rules.strict) return value.optional();
  const never: z.ZodType<T> = z.never({ error: "LAVA's strict schema has no such key here" });
  return never.optional();
}

const text = z.string().min(1);

/** What LAVA itself takes: the strict schema of 2023.01, and what newer versions added. */
export const LAVA_RULES: ValueRules = {
  strict: true,
  object: (shape) => z.strictObject(shape),
  reaching: (value) => value.optional(),
  deviceType: text.max(200),
  device: text.max(200),
  worker: text.max(200),
  visibility: text,
  token: z.string(),
  headerToken: z.string(),
  command: text,
  fileUrl: z
    .string()
    .regex(/^(https?|downloads|file|scp|lxc|tftp|rclone):\/\/\S+$/, 'a URL (it must not be empty)'),
  repository: text,
  archive: text,
  dockerImage: z.string(),
  context: z.record(z.string(), z.unknown()),
  word: text,
  otherWays: true,
  callbackUrl: z.string().regex(/^https?:\/\/\S+$/, 'an http or https URL'),
  callbackToken: z.string(),
  deployFaults: () => [],
};
