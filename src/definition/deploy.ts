// The deploy actions of a LAVA job definition (lava_common/schemas/deploy of LAVA 2023.01 to 2026.10): those that
// KernelCI's templates use in full, the others by their names. The dispatcher fetches the files as root, unpacks them,
// and names them in command lines.
import { z } from 'zod';
import { actionKeys, count, dockerKeys, flag, text } from './common.ts';
import { tolerated, type DeployFacts, type ValueRules } from './value-rules.ts';

const Hex = z.string().regex(/^[0-9a-fA-F]{32,128}$/, 'a checksum: hex digits');

const Prefix = z
  .string()
  .regex(/^[A-Za-z0-9_.][A-Za-z0-9_./+-]*$/, 'a path inside the archive')
  .refine((path) => !path.split('/').includes('..'), 'a path inside the archive, without ..');

const OverlayPath = z
  .string()
  .regex(/^\/[A-Za-z0-9_./+-]*$/, 'an absolute path inside the image')
  .refine((path) => !path.split('/').includes('..'), 'a path inside the image, without ..');

/** The ending of a Linux kernel's format that LAVA's schema takes; at submission any word passes. */
const KERNEL_TYPES = ['image', 'uimage', 'zimage'] as const;

/** What the dispatcher puts overlays into files with (LAVA 2025 and newer). */
const OverlayBackend = z.enum(['auto', 'e2fsprogs', 'guestfs']).optional();

/** Headers for a download: LAVA puts the token of that name in place of each value. */
export function headers(rules: ValueRules) {
  return z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header'), rules.headerToken)
    .optional();
}

/** A file, in all ways of deploying it. */
function fileParts(rules: ValueRules) {
  const source = {
    url: rules.fileUrl,
    /** In place of the last part of the URL's path (LAVA 2025 and newer). */
    filename: rules.word.refine((name) => !name.includes('/'), 'the name of a file').optional(),
    headers: headers(rules),
    compression: z.enum(['bz2', 'gz', 'xz', 'zip', 'zstd']).nullish(),
    archive: z.literal('tar').optional(),
    md5sum: Hex.optional(),
    sha256sum: Hex.optional(),
    sha512sum: Hex.optional(),
    use_cache: flag,
  };
  const overlay = rules.object({ ...source, format: z.enum(['file', 'tar']), path: OverlayPath });
  const overlays = z
    .object({ lava: z.boolean().optional() })
    .catchall(overlay)
    .refine(
      (all) => Object.keys(all).every((name) => rules.word.safeParse(name).success),
      'an overlay has no such name',
    );
  const shape = {
    ...source,
    format: z.enum(['cpio.newc', 'ext4', 'tar', 'qcow2']).optional(),
    partition: count,
    sparse: flag,
    overlays: overlays.optional(),
    overlay_backend: OverlayBackend,
  };
  /** A file with these keys besides. With `format` it is an image that overlays are put into. */
  function file<T extends z.ZodRawShape>(extra: T) {
    return rules.object({ ...shape, ...extra }).refine((one) => !rules.strict || isPaired(one), {
      message: 'format and overlays go together',
      path: ['overlays'],
    });
  }
  const imageArg = z.string().optional();
  return {
    file,
    plain: file({}),
    image: file({ image_arg: imageArg }),
    ofKernel: {
      type: rules.strict ? z.enum(KERNEL_TYPES).optional() : rules.word.optional(),
      image_arg: tolerated(rules, z.string()),
    },
    inRamdisk: { install_modules: flag, install_overlay: flag },
  };
}

/** LAVA 2023.01 takes a format only with overlays; qcow2 alone stands without. */
function isPaired(file: { format?: unknown; overlays?: unknown }): boolean {
  return (file.overlays === undefined) === (file.format === undefined || file.format === 'qcow2');
}

function someImages<T extends z.ZodType>(rules: ValueRules, file: T) {
  return z.record(rules.word, file).refine((all) => Object.keys(all).length > 0, 'there is no image');
}

/** Keys of all ways to deploy. */
function deployKeys(rules: ValueRules) {
  return {
    ...actionKeys(rules),
    os: rules.word.optional(),
    overlay_backend: OverlayBackend,
    root_partition: tolerated(rules, z.number().int().min(0)),
    authorize: rules.reaching(z.literal('ssh'), "it would let the lab's host log in to the board"),
    connection: rules.reaching(z.literal('lxc'), 'connections to containers are not passed on'),
  };
}

/** Those that LAVA knows and our templates do not make; the lab's own validation knows their keys. */
const OTHERS = z.enum([
  'avh',
  'docker',
  'fvp',
  'iso-installer',
  'lxc',
  'mps',
  'musca',
  'nbd',
  'overlay',
  'qdl',
  'recovery',
  'sata',
  'sd',
  'ssh',
  'u-boot-ums',
  'usb',
  'usbg-ms',
  'uuu',
  'vemsd',
]);

const WAYS = ['tftp', 'tmpfs', 'nfs', 'fastboot', 'download', 'downloads', 'flasher'] as const;

function networkWays(rules: ValueRules) {
  const { file, plain, image, ofKernel, inRamdisk } = fileParts(rules);
  const keys = deployKeys(rules);
  const tftp = rules
    .object({
      to: z.literal('tftp'),
      ...keys,
      kernel: file(ofKernel),
      dtb: plain.optional(),
      dtbo: z.array(plain).optional(),
      modules: plain.optional(),
      preseed: plain.optional(),
      ramdisk: file({ ...inRamdisk, header: z.literal('u-boot').optional() }).optional(),
      nfsrootfs: file({ ...inRamdisk, prefix: Prefix.optional() }).optional(),
      persistent_nfs: rules.reaching(
        z.strictObject({ address: text, install_overlay: flag }),
        "the lab's host would mount, and write to, a share of the lab's network",
      ),
      tee: plain.optional(),
    })
    .refine((d) => d.nfsrootfs === undefined || d.persistent_nfs === undefined, {
      message: 'only one of nfsrootfs and persistent_nfs',
      path: ['persistent_nfs'],
    });
  const nfs = rules.object({
    to: z.literal('nfs'),
    ...keys,
    images: someImages(rules, image).optional(),
    nfsrootfs: plain.optional(),
    modules: plain.optional(),
  });
  return [tftp, nfs] as const;
}

function imageWays(rules: ValueRules) {
  const { file, plain, image } = fileParts(rules);
  const keys = deployKeys(rules);
  const docker = rules.object(dockerKeys(rules));
  const tmpfs = rules.object({
    to: z.literal('tmpfs'),
    ...keys,
    images: someImages(rules, image),
    type: z.literal('monitor').optional(),
    uefi: plain.optional(),
  });
  const fastboot = rules.object({
    to: z.literal('fastboot'),
    ...keys,
    images: someImages(
      rules,
      file({
        'apply-overlay': flag,
        root_partition: count,
        reboot: z
          .enum(['hard-reset', 'fastboot-reboot', 'fastboot-reboot-bootloader', 'fastboot-reboot-fastboot'])
          .optional(),
      }),
    ),
    docker: docker.optional(),
  });
  const downloads = rules.object({
    to: z.literal('downloads'),
    ...keys,
    images: someImages(rules, plain),
    postprocess: rules
      .object({
        docker: rules.object({
          ...dockerKeys(rules),
          steps: z.array(text).min(1),
          devices: rules.reaching(z.array(text), "devices of the lab's host in a container"),
        }),
      })
      .optional(),
    uniquify: flag,
  });
  const download = rules.object({
    to: z.literal('download'),
    ...keys,
    images: someImages(rules, plain),
    uniquify: flag,
  });
  const flasher = rules.object({
    to: z.literal('flasher'),
    ...keys,
    // `download: false` (LAVA 2025 and newer): the lab's program gets the address in place of the file.
    images: someImages(rules, file({ download: flag })),
    uniquify: flag,
  });
  return [tmpfs, fastboot, downloads, download, flasher] as const;
}

/** A deploy action. */
export function deploySchema(rules: ValueRules) {
  const known = [...networkWays(rules), ...imageWays(rules)] as const;
  const other = z.looseObject({ to: OTHERS, ...deployKeys(rules) });
  const way = rules.otherWays
    ? z.discriminatedUnion('to', [...known, other])
    : z.discriminatedUnion('to', [...known], {
        error: `only ${WAYS.join(', ')}: other ways reach further into the lab's hosts than the bridge can judge`,
      });
  return way.superRefine((action, ctx) => {
    for (const [path, message] of rules.deployFaults(factsOf(action))) {
      ctx.addIssue({ code: 'custom', path: [...path], message });
    }
  });
}

const WithImageArg = z.looseObject({ url: z.string(), image_arg: z.string().optional() });

/** The files of an action, named ones and images alike. */
function factsOf(action: Readonly<Record<string, unknown>>): DeployFacts {
  const images = typeof action['images'] === 'object' && action['images'] !== null ? action['images'] : {};
  const all: [path: string[], file: unknown][] = [
    ...Object.entries(action).map(([key, value]): [string[], unknown] => [[key], value]),
    ...Object.entries(images).map(([key, value]): [string[], unknown] => [['images', key], value]),
  ];
  return {
    files: all.flatMap(([path, value]) => {
      const file = WithImageArg.safeParse(value);
      return file.success ? [{ path, label: path.at(-1) ?? '', image_arg: file.data.image_arg }] : [];
    }),
  };
}
