// The shape of a device-type file: one kind of board each. Unknown keys are errors. The descriptions go into
// device-types/schema.json, which editors show.
import { z } from 'zod';
import { Duration } from '../config/values.ts';
import { RootfsName, RootfsSet } from './rootfs.ts';
import { Rules } from './rules.ts';

/** A name that may stand in a path, a URL and a LAVA definition as it is. */
export const Word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/, 'letters, digits and . _ + -');

/** The name of a template: a file below job-templates/, without folder and extension. */
export const TemplateName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,99}$/, 'the name of a template file, without folder and .yaml.hbs');

const ContextScalar = z.union([z.string(), z.number().int(), z.boolean()]);

/**
 * LAVA's job context. An address written without quotes is a number to YAML, and LAVA would print it in decimal:
 * it becomes text again.
 */
export const Context = z
  .record(
    z.string().regex(/^[a-z][a-z0-9_]*$/, "a variable of LAVA's device templates"),
    z.union([ContextScalar, z.array(ContextScalar)]),
  )
  .transform((context) =>
    Object.fromEntries(
      Object.entries(context).map(([key, value]) => [
        key,
        key.endsWith('_addr') && typeof value === 'number'
          ? `0x${value.toString(16).padStart(8, '0')}`
          : value,
      ]),
    ),
  );

export const Params = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a parameter name'), z.json());

/** Where the root file system is when the kernel boots: in an initramfs, or on an NFS server. */
export const BootFrom = z.enum(['ramdisk', 'nfs']);
export type BootFrom = z.infer<typeof BootFrom>;

/** What other projects call the architectures, and Maestro's name (kernelci-core, `arch` of builds). */
const FOREIGN_ARCHES: Readonly<Record<string, string>> = {
  aarch64: 'arm64',
  amd64: 'x86_64',
  arm32: 'arm',
  armel: 'arm',
  armhf: 'arm',
  armv7: 'arm',
  armv7l: 'arm',
  i486: 'i386',
  i586: 'i386',
  i686: 'i386',
  loongarch64: 'loongarch',
  ppc: 'powerpc',
  ppc64: 'powerpc',
  ppc64le: 'powerpc',
  riscv32: 'riscv',
  riscv64: 'riscv',
  s390x: 's390',
  x64: 'x86_64',
  x86: 'x86_64 (64 bits) or i386',
};

const Arch = z
  .string()
  .regex(/^[a-z0-9_]+$/, 'an architecture as Maestro calls it: arm, arm64, i386, riscv, x86_64')
  .superRefine((arch, ctx) => {
    const right = Object.hasOwn(FOREIGN_ARCHES, arch) ? FOREIGN_ARCHES[arch] : undefined;
    if (right !== undefined) ctx.addIssue({ code: 'custom', message: `${arch} is ${right} to Maestro` });
  });

const LavaTypeName = z.string().min(1).max(200);

const LabOverrides = z.strictObject({
  lava_device_type: LavaTypeName.describe('What this lab calls the device type.').optional(),
  context: Context.describe("Merged over the board's own context.").optional(),
  params: Params.describe("Merged over the board's own params.").optional(),
  tags: z.array(z.string().min(1)).describe("In place of the board's own tags.").optional(),
});

/** A device type file: one board model, as the admin writes it. */
export const DeviceType = z
  .strictObject({
    name: Word.describe('The platform name in Maestro.'),
    description: z.string().optional(),
    lava_device_type: LavaTypeName.describe(
      'The device type in LAVA; the same as name if left out.',
    ).optional(),
    arch: Arch.describe('The architecture as Maestro calls it: arm, arm64, i386, riscv, x86_64, …'),
    cpus: z.number().int().positive().describe('How many CPUs the board has.').optional(),
    boot: BootFrom.describe(
      'Where the root file system is, if the plan does not say: ramdisk or nfs.',
    ).optional(),
    boot_method: TemplateName.describe('How the board boots: the name of a template in job-templates/boot/.'),
    mach: z.string().min(1).describe('The SoC family, as {mach} in parameters.').optional(),
    dtb: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(0)])
      .transform((v) => (typeof v === 'string' ? [v] : v))
      .prefault([])
      .describe(
        'Paths of the device tree in the build (dtbs/vendor/board.dtb). The first that the build has is taken.',
      ),
    compatible: z
      .array(z.string().min(1))
      .prefault([])
      .describe("The device tree's compatible strings, for reports."),
    context: Context.prefault({}).describe("LAVA's job context: variables of the lab's device templates."),
    params: Params.prefault({}).describe(
      'What the templates of this board want to know; see docs/boards.md.',
    ),
    rootfs: z
      .record(RootfsName, z.union([RootfsName, RootfsSet]))
      .prefault({})
      .describe(
        'What this board takes in place of a rootfs set. The set "default" is used where none is named.',
      ),
    tags: z.array(z.string().min(1)).prefault([]).describe('LAVA device tags that a device must have.'),
    templates: z
      .strictObject({
        job: TemplateName.describe('In place of job-templates/job.yaml.hbs.').optional(),
        boot: TemplateName.describe('In place of job-templates/boot/<boot_method>.yaml.hbs.').optional(),
        test: z
          .record(TemplateName, TemplateName)
          .prefault({})
          .describe('By test type: the name of the template that is used on this board.'),
      })
      .prefault({})
      .describe("This board's own templates."),
    limits: z
      .strictObject({
        max_jobs: z
          .number()
          .int()
          .positive()
          .describe('Jobs in LAVA at a time, over all devices.')
          .optional(),
        max_queued_per_device: z
          .number()
          .int()
          .positive()
          .describe('Jobs waiting in LAVA for each device.')
          .optional(),
        max_job_timeout: Duration.describe('No job may ask for more; longer ones are refused.').optional(),
      })
      .prefault({}),
    rules: Rules.optional(),
    labs: z
      .union([z.array(Word).min(1), z.record(Word, LabOverrides)])
      .describe(
        'The labs that have this board: a list of names, or a mapping to what is different there. Left out: every lab.',
      )
      .optional(),
  })
  .meta({ id: 'device-type', title: 'lava-bridge device type' });
export type DeviceType = z.infer<typeof DeviceType>;
