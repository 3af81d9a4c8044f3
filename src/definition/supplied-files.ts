// The deploy actions of a definition that came as YAML. The lab's host fetches these files as root, unpacks them, and
// names them in command lines.
import { z } from 'zod';
import {
  actionKeys,
  closed,
  count,
  dockerShape,
  flag,
  listed,
  refused,
  webUrlFault,
  Word,
  type Policy,
} from './supplied-policy.ts';
import { qemuFault } from './supplied-qemu.ts';

/** Ways of deploying that only fetch files and give them to the board. */
const WAYS = ['tftp', 'tmpfs', 'nfs', 'fastboot', 'download', 'downloads', 'flasher'] as const;

const DOWNLOADED = /^downloads:\/\/[A-Za-z0-9_][A-Za-z0-9_.+~-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.+~-]*)*$/;

function fileUrl(policy: Policy): z.ZodType<string, string> {
  return z.string().superRefine((text, ctx) => {
    const message = text.startsWith('downloads:')
      ? DOWNLOADED.test(text)
        ? undefined
        : 'downloads:// and the path of a file that was downloaded before, without ..'
      : webUrlFault(text, policy);
    if (message !== undefined) ctx.addIssue({ code: 'custom', message });
  });
}

/** LAVA puts the secret of that name, if its user has one, in place of each value, and sends it to the URL. */
export function headers(policy: Policy) {
  return z
    .record(
      z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header'),
      listed(policy, 'secrets', 'the name of this token'),
    )
    .optional();
}

const Sha512 = z.string().regex(/^[0-9a-fA-F]{128}$/, '128 hex digits');

const Prefix = z
  .string()
  .regex(/^[A-Za-z0-9_.][A-Za-z0-9_./+-]*$/, 'a path inside the archive')
  .refine((path) => !path.split('/').includes('..'), 'a path inside the archive, without ..');

const OverlayPath = z
  .string()
  .regex(/^\/[A-Za-z0-9_./+-]*$/, 'an absolute path inside the image')
  .refine((path) => !path.split('/').includes('..'), 'a path inside the image, without ..');

function fileShape(policy: Policy) {
  const source = {
    url: fileUrl(policy),
    headers: headers(policy),
    compression: Word.optional(),
    archive: Word.optional(),
    md5sum: Word.optional(),
    sha256sum: Word.optional(),
    sha512sum: Sha512.optional(),
    use_cache: flag,
    format: Word.optional(),
  };
  const overlay = closed({ ...source, path: OverlayPath });
  return closed({
    ...source,
    partition: count,
    sparse: flag,
    overlays: z
      .object({ lava: z.boolean().optional() })
      .catchall(overlay)
      .refine(
        (all) => Object.keys(all).every((name) => Word.safeParse(name).success),
        'an overlay has no such name',
      )
      .optional(),
    type: Word.optional(),
    install_modules: flag,
    install_overlay: flag,
    header: Word.optional(),
    prefix: Prefix.optional(),
    image_arg: z.string().optional(),
    'apply-overlay': flag,
    root_partition: count,
    reboot: Word.optional(),
  });
}

/** A deploy action. */
export function deploySchema(policy: Policy) {
  const file = fileShape(policy);
  const files = {
    kernel: file.optional(),
    ramdisk: file.optional(),
    dtb: file.optional(),
    modules: file.optional(),
    nfsrootfs: file.optional(),
    preseed: file.optional(),
    tee: file.optional(),
    uefi: file.optional(),
  };
  return closed({
    ...actionKeys,
    ...files,
    to: z.enum(WAYS, {
      error: `only ${WAYS.join(', ')}: other ways reach further into the lab's hosts than the bridge can judge`,
    }),
    dtbo: z.array(file).optional(),
    images: z.record(Word, file).optional(),
    docker: closed(dockerShape(policy)).optional(),
    postprocess: closed({
      docker: closed({ ...dockerShape(policy), steps: z.array(z.string()) }).optional(),
    }).optional(),
    os: Word.optional(),
    type: Word.optional(),
    root_partition: count,
    uniquify: flag,
    persistent_nfs: refused("the lab's host would mount, and write to, a share of the lab's network"),
    authorize: refused("it would let the lab's host log in to the board"),
    connection: refused('connections to containers are not passed on'),
  }).superRefine((deploy, ctx) => {
    const named = Object.entries(deploy.images ?? {});
    const all = [
      ...Object.keys(files).map((key) => ({ path: [key], file: deploy[key as keyof typeof files] })),
      ...named.map(([key, image]) => ({ path: ['images', key], file: image })),
    ];
    const labels = all.flatMap(({ path, file: one }) => (one === undefined ? [] : path.slice(-1)));
    for (const { path, file: one } of all) {
      if (one?.image_arg === undefined) continue;
      const message = qemuFault(one.image_arg, labels);
      if (message !== undefined) ctx.addIssue({ code: 'custom', path: [...path, 'image_arg'], message });
    }
  });
}
