// The deploy actions of a LAVA job definition (LAVA 2023.01, lava_common/schemas/deploy), those that our templates make
// in full, the others by their names.
import { z } from 'zod';
import { actionKeys, Docker, dockerKeys, text } from './common.ts';

const Url = z
  .string()
  .regex(/^(https?|downloads|file|scp|lxc|tftp):\/\/\S+$/, 'a URL (it must not be empty)');

const fileKeys = {
  url: Url,
  headers: z.record(z.string(), z.string()).optional(),
  compression: z.enum(['bz2', 'gz', 'xz', 'zip', 'zstd']).optional(),
  archive: z.literal('tar').optional(),
  md5sum: z.string().optional(),
  sha256sum: z.string().optional(),
  sha512sum: z.string().optional(),
};

const Overlays = z
  .object({ lava: z.boolean().optional() })
  .catchall(z.strictObject({ ...fileKeys, format: z.enum(['file', 'tar']), path: text }));

/** A file to deploy. With `format` it is an image that overlays are put into. */
function file<T extends z.ZodRawShape>(extra: T) {
  return z
    .strictObject({
      ...fileKeys,
      format: z.enum(['cpio.newc', 'ext4', 'tar', 'qcow2']).optional(),
      partition: z.number().int().optional(),
      sparse: z.boolean().optional(),
      overlays: Overlays.optional(),
      ...extra,
    })
    .refine(isPaired, { message: 'format and overlays go together', path: ['overlays'] });
}

/** LAVA 2023.01 takes a format only with overlays; qcow2 alone stands without. */
function isPaired(file: { format?: unknown; overlays?: unknown }): boolean {
  return (file.overlays === undefined) === (file.format === undefined || file.format === 'qcow2');
}

function images<T extends z.ZodRawShape>(extra: T) {
  return z.record(text, file(extra)).refine((all) => Object.keys(all).length > 0, 'there is no image');
}

const deployKeys = { ...actionKeys, os: z.string().optional(), authorize: z.literal('ssh').optional() };
const flag = z.boolean().optional();

const Tftp = z
  .strictObject({
    to: z.literal('tftp'),
    ...deployKeys,
    kernel: file({ type: z.enum(['image', 'uimage', 'zimage']).optional() }),
    dtb: file({}).optional(),
    dtbo: z.array(file({})).optional(),
    modules: file({}).optional(),
    preseed: file({}).optional(),
    ramdisk: file({
      install_modules: flag,
      install_overlay: flag,
      header: z.literal('u-boot').optional(),
    }).optional(),
    nfsrootfs: file({
      install_modules: flag,
      install_overlay: flag,
      prefix: z.string().optional(),
    }).optional(),
    persistent_nfs: z.strictObject({ address: text, install_overlay: flag }).optional(),
    tee: file({}).optional(),
  })
  .refine((d) => d.nfsrootfs === undefined || d.persistent_nfs === undefined, {
    message: 'only one of nfsrootfs and persistent_nfs',
    path: ['persistent_nfs'],
  });

const Tmpfs = z.strictObject({
  to: z.literal('tmpfs'),
  ...deployKeys,
  images: images({ image_arg: z.string().optional() }),
  type: z.literal('monitor').optional(),
  uefi: file({}).optional(),
});

const Nfs = z.strictObject({
  to: z.literal('nfs'),
  ...deployKeys,
  images: images({ image_arg: z.string().optional() }).optional(),
  nfsrootfs: file({}).optional(),
  modules: file({}).optional(),
});

const Fastboot = z.strictObject({
  to: z.literal('fastboot'),
  ...deployKeys,
  images: images({
    'apply-overlay': flag,
    root_partition: z.number().int().min(0).optional(),
    reboot: z
      .enum(['hard-reset', 'fastboot-reboot', 'fastboot-reboot-bootloader', 'fastboot-reboot-fastboot'])
      .optional(),
  }),
  docker: Docker.optional(),
  connection: z.literal('lxc').optional(),
});

const Downloads = z.strictObject({
  to: z.literal('downloads'),
  ...deployKeys,
  images: images({}),
  postprocess: z
    .strictObject({ docker: z.strictObject({ ...dockerKeys, steps: z.array(text).min(1) }) })
    .optional(),
  uniquify: flag,
});

const Plain = z.strictObject({
  to: z.enum(['download', 'flasher']),
  ...deployKeys,
  images: images({}),
  uniquify: flag,
});

/** Those that LAVA knows and our templates do not make; the lab's own validation knows their keys. */
const Other = z.looseObject({
  ...deployKeys,
  to: z.enum([
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
  ]),
});

export const Deploy = z.discriminatedUnion('to', [Tftp, Tmpfs, Nfs, Fastboot, Downloads, Plain, Other]);
