// Which files a job deploys: from a PULL_LABS definition, or from the build's node and the plan's root file system.
// Nothing is left empty: what is needed and missing is a refusal that names the field.
import { RequestError } from '../core/errors.ts';
import type { Board } from '../catalog/boards.ts';
import { archWords, fillArch, type RootfsSet } from '../catalog/rootfs.ts';
import type { BootFrom } from '../catalog/board-schema.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { FoundPlan, Plans } from '../catalog/plans.ts';

/** A file to deploy. */
interface FileFact {
  url: string;
  /** The last part of its path. */
  name: string;
  /** As LAVA calls it, from the file's ending. */
  compression: 'gz' | 'xz' | 'bz2' | 'zstd' | null;
}

interface KernelFact extends FileFact {
  /** The type that LAVA must know for U-Boot and its like; null for one that it has no word for (bzImage, vmlinux). */
  type: 'image' | 'zimage' | 'uimage' | null;
  /** `image`, `bzimage`, …: the file's kind in lower case, without the compression. */
  format: string;
}

export interface Artifacts {
  kernel: KernelFact;
  modules: FileFact | null;
  dtb: FileFact | null;
  /** For a boot from an initramfs; null for an NFS boot. */
  ramdisk: FileFact | null;
  /** For an NFS boot; null otherwise. */
  nfsroot: { url: string; compression: FileFact['compression']; initrd: FileFact } | null;
  kselftest: FileFact | null;
}

const URL_TEXT = /^https?:\/\/[A-Za-z0-9._~:/?#[\]!$&()*+,;=%-]+$/i;
const FILE_NAME = /^[A-Za-z0-9._~%+=,-]+$/;
const MAX_URL = 4096;

/** Throws RequestError `bad_url` naming `field` for anything but an http(s) URL whose path ends in a plain file name. */
function fileFact(url: string, field: string): FileFact {
  const name = checkedUrl(url, field).pathname.split('/').at(-1) ?? '';
  // The name ends up in commands of boot loaders and of the lab's scripts.
  if (!FILE_NAME.test(name))
    throw badUrl(field, 'its path must end in a file name of letters, digits and . _ - + % = , ~');
  return { url, name, compression: compressionOf(name) };
}

/** Throws RequestError `bad_url` naming `field`. */
function checkedUrl(url: string, field: string): URL {
  if (url.length > MAX_URL) throw badUrl(field, `it is longer than ${MAX_URL} characters`);
  const parsed = URL_TEXT.test(url) ? URL.parse(url) : null;
  if (parsed === null) throw badUrl(field, 'it must be an http or https URL');
  if (parsed.username !== '' || parsed.password !== '')
    throw badUrl(field, 'it must not hold a user or a password');
  return parsed;
}

function badUrl(field: string, why: string): RequestError {
  return new RequestError('bad_url', `${field} is no URL that can be deployed: ${why}`, { field });
}

function compressionOf(name: string): FileFact['compression'] {
  const ending = /\.(gz|xz|bz2|zst)$/.exec(name)?.[1];
  if (ending === 'gz' || ending === 'xz' || ending === 'bz2') return ending;
  return ending === 'zst' ? 'zstd' : null;
}

const KERNEL_FILE = /^(image|zimage|bzimage|uimage|vmlinux|vmlinuz|efi)(\.gz|\.xz|\.bz2|\.zst|\.efi)?$/;

function kernelFact(url: string, kernelType: string | null | undefined, field: string): KernelFact {
  const file = fileFact(url, field);
  // The file's own name knows best; Maestro's word is for files with other names.
  const fromName = KERNEL_FILE.exec(file.name.toLowerCase())?.[1];
  const format = fromName ?? (kernelType ?? '').toLowerCase().replace(/\.(gz|xz|bz2|zst)$/, '');
  const known = { image: 'image', zimage: 'zimage', uimage: 'uimage' } as const;
  return { ...file, format, type: Object.hasOwn(known, format) ? known[format as keyof typeof known] : null };
}

/** What files are chosen from. */
export interface ArtifactSources {
  request: JobRequest;
  board: Board;
  plan: FoundPlan | undefined;
  plans: Pick<Plans, 'rootfs'>;
  /** `artifacts` of the build's metadata.json, if it was fetched. */
  dtbs: Readonly<Record<string, string>> | undefined;
}

/** Chooses the files. Throws RequestError: `bad_url`, `missing_kernel`, `missing_rootfs`, `dtb_not_found`, …. */
export function chooseArtifacts(sources: ArtifactSources): Artifacts {
  const { request } = sources;
  const build = buildFiles(request);
  const root = chooseRoot(sources);
  if (build.kernel === undefined) {
    throw new RequestError('missing_kernel', 'the build has no kernel (no artifact "kernel")', {
      field: build.kernelField,
    });
  }
  const kernelType = request.node.data.kernel_type ?? request.kbuild?.data.kernel_type;
  return {
    kernel: kernelFact(build.kernel, kernelType, build.kernelField),
    modules: build.modules === undefined ? null : fileFact(build.modules, build.modulesField),
    kselftest: build.kselftest === undefined ? null : fileFact(build.kselftest, build.kselftestField),
    dtb: chooseDtb(sources),
    ...root,
  };
}

interface BuildFiles {
  kernel: string | undefined;
  kernelField: string;
  modules: string | undefined;
  modulesField: string;
  kselftest: string | undefined;
  kselftestField: string;
}

function buildFiles({ definition, kbuild, node }: JobRequest): BuildFiles {
  const [where, all]: [string, Record<string, string>] =
    definition !== undefined
      ? ['definition.artifacts', definition.artifacts]
      : kbuild !== undefined
        ? ['kbuild.artifacts', kbuild.artifacts]
        : ['node.artifacts', node.artifacts];
  const kselftestKey = ['kselftest', 'kselftest_tar_xz', 'kselftest_tar_gz'].find(
    (key) => own(all, key) !== undefined,
  );
  return {
    kernel: own(all, 'kernel'),
    kernelField: `${where}.kernel`,
    modules: own(all, 'modules'),
    modulesField: `${where}.modules`,
    kselftest: kselftestKey === undefined ? undefined : own(all, kselftestKey),
    kselftestField: `${where}.${kselftestKey ?? 'kselftest_tar_xz'}`,
  };
}

function own(all: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(all, key) && all[key] !== '' ? all[key] : undefined;
}

/** Where the build's metadata.json is, if a device tree must be looked up in it. */
export function metadataUrl(request: JobRequest, board: Board): string | undefined {
  if (board.dtb.length === 0 || request.definition?.artifacts['dtb'] !== undefined) return undefined;
  const url = own(request.kbuild?.artifacts ?? {}, 'metadata') ?? own(request.node.artifacts, 'metadata');
  if (url === undefined) return undefined;
  checkedUrl(url, request.kbuild === undefined ? 'node.artifacts.metadata' : 'kbuild.artifacts.metadata');
  return url;
}

function chooseDtb({ request, board, dtbs }: ArtifactSources): FileFact | null {
  const given = own(request.definition?.artifacts ?? {}, 'dtb');
  if (given !== undefined) return fileFact(given, 'definition.artifacts.dtb');
  if (board.dtb.length === 0) return null;
  const field = request.kbuild === undefined ? 'node.artifacts.metadata' : 'kbuild.artifacts.metadata';
  if (dtbs === undefined) {
    throw new RequestError(
      'dtb_not_found',
      `board ${board.name} needs a device tree (${board.dtb.join(' or ')}), and the build names no metadata to find it in`,
      { field },
    );
  }
  const path = board.dtb.find((candidate) => own(dtbs, candidate) !== undefined);
  if (path === undefined) {
    throw new RequestError(
      'dtb_not_found',
      `the build has no ${board.dtb.join(' or ')} (its metadata was asked)`,
      { field },
    );
  }
  return fileFact(own(dtbs, path) ?? '', `${field}: ${path}`);
}

/** Where the root file system will be: as the request's files say, else the plan, else the board. */
export function bootFrom(
  { definition }: Pick<JobRequest, 'definition'>,
  plan: Pick<FoundPlan, 'boot'> | undefined,
  board: Pick<Board, 'boot'> | undefined,
): BootFrom {
  const given = definition?.artifacts ?? {};
  if (own(given, 'rootfs') !== undefined) return 'nfs';
  if (own(given, 'ramdisk') !== undefined || own(given, 'initrd') !== undefined) return 'ramdisk';
  return plan?.boot ?? board?.boot ?? 'ramdisk';
}

type Root = Pick<Artifacts, 'ramdisk' | 'nfsroot'>;

function chooseRoot(sources: ArtifactSources): Root {
  const given = sources.request.definition?.artifacts ?? {};
  const rootfs = own(given, 'rootfs');
  if (rootfs !== undefined) {
    const initrd = own(given, 'initrd') ?? rootfs.replace(/[^/]*$/, 'initrd.cpio.gz');
    return { ramdisk: null, nfsroot: nfsFact(rootfs, initrd, 'definition.artifacts') };
  }
  for (const key of ['ramdisk', 'initrd']) {
    const ramdisk = own(given, key);
    if (ramdisk !== undefined)
      return { nfsroot: null, ramdisk: fileFact(ramdisk, `definition.artifacts.${key}`) };
  }
  return planRoot(sources);
}

function nfsFact(rootfs: string, initrd: string, where: string): NonNullable<Root['nfsroot']> {
  const { url, compression } = fileFact(rootfs, `${where}.rootfs`);
  return { url, compression, initrd: fileFact(initrd, `${where}.initrd`) };
}

/** The root file system of the plan, or of the board where the plan has none for this way of booting. */
function planRoot({ request, board, plan, plans }: ArtifactSources): Root {
  const from = bootFrom(request, plan, board);
  const words = archWords(board.arch);
  const folder = (url: string): string => fillArch(url, words).replace(/\/+$/, '');
  for (const [set, where] of rootCandidates(board, plan, plans)) {
    if (from === 'nfs' && set.nfsroot !== undefined) {
      const base = folder(set.nfsroot);
      return {
        ramdisk: null,
        nfsroot: nfsFact(`${base}/full.rootfs.tar.xz`, `${base}/initrd.cpio.gz`, where),
      };
    }
    const ramdisk =
      set.ramdisk ??
      (set.ramdiskroot === undefined ? undefined : `${folder(set.ramdiskroot)}/rootfs.cpio.gz`);
    if (from === 'ramdisk' && ramdisk !== undefined) {
      return { nfsroot: null, ramdisk: fileFact(fillArch(ramdisk, words), `${where}.ramdisk`) };
    }
  }
  const wanted = from === 'nfs' ? 'an NFS root (nfsroot)' : 'an initramfs (ramdisk)';
  throw new RequestError(
    'missing_rootfs',
    `neither the request nor plan ${plan?.name ?? '(none)'} nor board ${board.name} says where ${wanted} is`,
    { field: 'node.name' },
  );
}

function* rootCandidates(
  board: Board,
  plan: FoundPlan | undefined,
  plans: ArtifactSources['plans'],
): Generator<[RootfsSet, string]> {
  const wanted = plan?.rootfs;
  if (typeof wanted === 'object') yield [wanted, `plan ${plan?.name ?? ''}: rootfs`];
  for (const name of typeof wanted === 'string' ? [wanted, 'default'] : ['default']) {
    const instead = Object.hasOwn(board.rootfs, name) ? board.rootfs[name] : undefined;
    if (typeof instead === 'object') yield [instead, `board ${board.name}: rootfs.${name}`];
    const set = plans.rootfs(typeof instead === 'string' ? instead : name);
    if (set !== undefined && typeof instead !== 'object')
      yield [set, `rootfs ${typeof instead === 'string' ? instead : name}`];
  }
}
