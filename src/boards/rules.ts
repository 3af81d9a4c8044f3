// Which builds a board or a plan is for: KernelCI's `rules`, as its scheduler reads them
// (kernelci-core kernelci/api/helper.py, August 2026).
import { z } from 'zod';

const Version = z.strictObject({
  version: z.number().int().min(0),
  patchlevel: z.number().int().min(0),
});

const Words = z
  .array(z.string().min(1))
  .min(1)
  .describe('An allow-list; an item that begins with ! forbids instead.');

/** Every key names a field of the build node; its value is an allow-list with `!` for what is forbidden. */
export const Rules = z
  .object({
    min_version: Version.describe('The oldest kernel, itself included.').optional(),
    max_version: Version.describe('The newest kernel, itself included.').optional(),
    tree: Words.describe('Trees, or tree:branch pairs; with ! what is not wanted.').optional(),
    branch: Words.describe('Branches, or tree:branch pairs; with ! what is not wanted.').optional(),
    arch: Words.optional(),
    defconfig: Words.optional(),
    fragments: Words.describe(
      'Config fragments that the build must have, or with ! must not have.',
    ).optional(),
  })
  .catchall(Words)
  .describe('Which builds this is for. A build that the rules refuse is not run.');
export type Rules = z.infer<typeof Rules>;
