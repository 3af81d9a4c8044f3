// The shape of a plan file: rootfs sets, tree priorities, plans (what a Maestro job name means) and triggers. Unknown
// keys are errors. The descriptions go into plans/schema.json, which editors show.
import { z } from 'zod';
import { RootfsName, RootfsSet } from './rootfs.ts';
import { Rules } from './rules.ts';
import { BootFrom, Context, Params, TemplateName, Word } from './board-schema.ts';
import { Duration } from '../config/values.ts';

/** KernelCI's words for priorities of jobs. */
export const PRIORITY_WORDS = { low: 20, medium: 40, high: 60 } as const;

/** Whether a text is one of KernelCI's words for priorities. */
export function isPriorityWord(word: string): word is keyof typeof PRIORITY_WORDS {
  return Object.hasOwn(PRIORITY_WORDS, word);
}

/** KernelCI's priorities: a word, or 0 to 100. A number inside. */
export const Priority = z
  .union([z.enum(['low', 'medium', 'high']), z.number().min(0).max(100)])
  .transform((v) => (typeof v === 'number' ? v : PRIORITY_WORDS[v]));

/** A KCIDB test path: `ltp`, `kselftest.arm64`. */
const Suite = z
  .string()
  .regex(/^[A-Za-z0-9_{*}-]+(\.[A-Za-z0-9_{*}-]+)*$/, 'a KCIDB path such as ltp or kselftest.arm64');

/** A test of a plan. */
export const PlanTest = z.strictObject({
  type: TemplateName.describe('The name of a template in job-templates/test/.'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9_{*}-]+$/, 'letters, digits, _ and - (LAVA takes no dots here)')
    .describe("The test definition's name in LAVA. Left out: the job's name.")
    .optional(),
  suite: Suite.describe('The test path in KCIDB. Left out: the type.').optional(),
  params: Params.prefault({}).describe('What the test template wants to know; see docs/templates.md.'),
  timeout: Duration.describe('For this test alone, e.g. 10m.').optional(),
  measurements: z
    .array(z.string().min(1))
    .prefault([])
    .describe('Names of cases that only measure: reported as DONE, not PASS.'),
});
export type PlanTest = z.infer<typeof PlanTest>;

/** What a job of that name runs, and how. */
export const Plan = z.strictObject({
  description: z.string().optional(),
  boot: BootFrom.describe(
    "Where the root file system is: ramdisk or nfs. Left out: the board's way, else ramdisk.",
  ).optional(),
  rootfs: z
    .union([RootfsName, RootfsSet])
    .describe('The name of a rootfs set, or a set of its own.')
    .optional(),
  tests: z.array(PlanTest).min(1).describe('What is run, in this order, after the boot.'),
  params: Params.prefault({}).describe("Merged over the board's params: extra_kernel_args and the like."),
  context: Context.prefault({}).describe("Merged over the board's LAVA context."),
  timeout: Duration.describe('For each test that names none.').optional(),
  job_timeout: Duration.describe('For the whole job, if more than what its parts add up to.').optional(),
  queue_timeout: Duration.describe(
    "How long the job may wait for a device, in place of the lab's.",
  ).optional(),
  priority: Priority.describe('low, medium, high, or 0 to 100.').optional(),
  frequency: z
    .string()
    .regex(/^(?=.)(\d+d)?(\d+h)?(\d+m)?$/, 'such as 1d, 12h or 1d6h')
    .describe('Triggers run this at most once in that time for a tree, branch and board.')
    .optional(),
  rules: Rules.optional(),
});
export type Plan = z.infer<typeof Plan>;

/** A job name, or a pattern with one `*`; what it stands for is `{*}` in the plan's texts. */
export const PlanName = z
  .string()
  .regex(/^[A-Za-z0-9._+-]*\*?[A-Za-z0-9._+-]*$/, 'a job name; one * may stand for a part of it')
  .min(1)
  .max(200);

/** The priority of a tree's jobs where their plan has none. */
export const TreePriority = z.strictObject({
  tree: z.string().min(1),
  branch: z.string().min(1).describe('Left out: every branch.').optional(),
  priority: Priority,
});

/** A rule by which events of Maestro start the admin's plans. */
export const Trigger = z.strictObject({
  plan: z.string().min(1).describe('The name of the plan, and of the job.'),
  on: z
    .strictObject({
      kind: z.string().min(1).prefault('kbuild'),
      name: z.string().min(1).describe("The node's name, e.g. kbuild-gcc-14-arm64.").optional(),
      state: z.string().min(1).prefault('available'),
      result: z.string().min(1).optional(),
      group: z.string().min(1).optional(),
      owner: z.string().min(1).optional(),
    })
    .describe("The node event of Maestro that starts it: each key must be equal to the event's."),
  labs: z.array(Word).min(1).describe('Left out: every lab that accepts triggers.').optional(),
  boards: z.array(Word).min(1).describe('On each of these boards.'),
  rules: Rules.optional(),
});
export type Trigger = z.infer<typeof Trigger>;

export const PlanFile = z
  .strictObject({
    rootfs: z.record(RootfsName, RootfsSet).prefault({}).describe('Root file systems by name.'),
    trees: z.array(TreePriority).prefault([]).describe('How urgent a tree is; above what the plan says.'),
    plans: z.record(PlanName, Plan).prefault({}).describe('What a job name of Maestro means.'),
    triggers: z.array(Trigger).prefault([]).describe('What is run without a job from Maestro.'),
  })
  .meta({ id: 'plans', title: 'lava-bridge plans' });
export type PlanFile = z.infer<typeof PlanFile>;
