// The whole of a definition that came as YAML: what is permitted to stand in it, and nothing else. It is written down
// as what may pass, not as what may not, since LAVA learns new keys with every release.
import { z } from 'zod';
import { ContextSchema } from './supplied-context.ts';
import { deploySchema } from './supplied-files.ts';
import { notifySchema } from './supplied-notify.ts';
import { closed, isListed, listed, refused, VariableName, Word, type Policy } from './supplied-policy.ts';
import { bootSchema, commandSchema, testSchema } from './supplied-tests.ts';
import { Timeout } from './common.ts';

/** The definition's shape under a lab's policy; its output is what came in. */
export function suppliedSchema(policy: Policy) {
  const token = listed(policy, 'secrets', 'the name of this token');
  return closed({
    job_name: z.string().min(1),
    device_type: z
      .string({ error: 'is missing' })
      .pipe(Word)
      .pipe(listed(policy, 'device_types', 'this device type')),
    visibility: visibility(policy),
    priority: z.union([z.enum(['high', 'medium', 'low']), z.number().int()]).optional(),
    timeouts: closed({
      job: Timeout,
      action: Timeout.optional(),
      connection: Timeout.optional(),
      queue: Timeout.optional(),
      actions: z.record(Word, Timeout).optional(),
      connections: z.record(Word, Timeout).optional(),
    }),
    context: ContextSchema.optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
    tags: z.array(z.string().min(1)).optional(),
    secrets: z.record(VariableName, token).optional(),
    environment: z.record(VariableName, z.union([z.string(), z.number(), z.boolean()])).optional(),
    notify: notifySchema(policy),
    reboot_to_fastboot: z.boolean().optional(),
    protocols: refused('protocols reach other boards, networks and containers of the lab'),
    device: refused("which device is taken is the lab's choice"),
    worker: refused("which worker is taken is the lab's choice"),
    actions: z
      .array(
        closed({
          deploy: deploySchema(policy).optional(),
          boot: bootSchema(policy).optional(),
          test: testSchema(policy).optional(),
          command: commandSchema(policy).optional(),
        }).refine(
          (action) => Object.keys(action).length === 1,
          'exactly one of deploy, boot, test and command',
        ),
      )
      .min(1)
      .max(100),
  });
}
export type SuppliedDefinition = z.infer<ReturnType<typeof suppliedSchema>>;

/** Who may see the job: `public`, `personal`, or members of all the groups. */
function visibility({ lists }: Policy) {
  return z
    .union([z.enum(['public', 'personal']), closed({ group: z.array(z.string().min(1)).min(1) })], {
      error: 'public, personal or {group: […]}',
    })
    .refine(
      (who) =>
        (typeof who === 'string' ? [who] : who.group).every((name) => isListed(lists.visibility, name)),
      "not among the lab's definitions.visibility",
    );
}
