// The variables that templates see (docs/templates.md lists them). No secret is among them.
import { RequestError } from '../core/errors.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../core/time.ts';
import type { Board } from '../catalog/boards.ts';
import { archWords } from '../catalog/rootfs.ts';
import type { JobRequest } from '../maestro/request.ts';
import type { FoundPlan } from '../catalog/plans.ts';
import type { Artifacts } from './artifacts.ts';
import type { TestSpec } from './tests.ts';

/** Where a lab's LAVA calls back, and what it grants. */
export interface RenderLab {
  name: string;
  priority: { min: number; max: number };
  callback: {
    /** The address for this one job. */
    url: string;
    /** The name of the token in LAVA; its text is never in a definition. */
    tokenName: string;
    header: string;
  };
  queueTimeoutMs: number;
}

/** Where boards upload what a test leaves behind (coverage data). */
export interface Uploads {
  /** The storage's address, without `/upload`. */
  url: string;
  /** The name of the token in LAVA. */
  tokenName: string;
}

export interface ContextParts {
  request: JobRequest;
  board: Board;
  plan: FoundPlan | undefined;
  lab: RenderLab;
  instance: string;
  mark: string | undefined;
  metadata: Readonly<Record<string, string>>;
  uploads: Uploads | undefined;
  artifacts: Artifacts;
  tests: readonly TestSpec[];
  priority: number;
}

/** Every variable that a template starts with; `test` is the one that a test's template is for. */
export const VARIABLES: ReadonlySet<string> = new Set(
  `arch board boot_template brarch callback cmdline context coverage cpus crosarch debarch device_type dtb fault_injection
   instance job karch kernel kselftest kselftest_overlay lab metadata modules nfs nfsroot params priority queue_timeout ramdisk tags test tests types uploads`.split(
    /\s+/,
  ),
);

export function templateContext(parts: ContextParts): Record<string, unknown> {
  const { request, board, plan, lab, artifacts, uploads } = parts;
  const { node } = request;
  const params = { ...board.params, ...plan?.params };
  const cmdline = kernelArguments(params[OWN_PARAMS.kernelArguments]);
  const nfs = artifacts.nfsroot !== null;
  return {
    ...archWords(board.arch),
    ...artifacts,
    job: { id: node.id, name: node.name, title: jobTitle(parts) },
    instance: parts.instance,
    lab: { name: lab.name },
    board: { name: board.name, method: board.boot_method, mach: board.mach ?? null },
    device_type: board.lava_device_type,
    cpus: board.cpus ?? null,
    tags: board.tags,
    priority: parts.priority,
    metadata: { ...parts.metadata, node_id: node.id },
    callback: { url: lab.callback.url, token: lab.callback.tokenName, header: lab.callback.header },
    queue_timeout: wholeUnits(plan?.queue_timeout ?? lab.queueTimeoutMs),
    context: lavaContext(board, plan, cmdline, nfs),
    params,
    cmdline,
    nfs,
    coverage: isConfigured(request, 'coverage'),
    fault_injection: isConfigured(request, 'fault-injection') || isConfigured(request, 'fault_injection'),
    kselftest_overlay: kselftestOverlay(board, artifacts, parts.tests),
    types: parts.tests.map((test) => test.type),
    uploads: uploads === undefined ? null : uploadPlace(uploads, request),
    boot_template: `boot/${board.templates.boot ?? board.boot_method}`,
    tests: parts.tests.map((test) => ({
      ...test,
      template: testTemplate(board, test.type),
    })),
  };
}

/** The template for a test of that type on this board. */
export function testTemplate({ templates }: Pick<Board, 'templates'>, type: string): string {
  return `test/${Object.hasOwn(templates.test, type) ? templates.test[type] : type}`;
}

/** Parameters of boards and plans that are read here, before a template sees the rest. */
export const OWN_PARAMS = { kernelArguments: 'extra_kernel_args', overlay: 'kselftest_overlay' } as const;

/** LAVA keeps at most 200 characters; the node's id and the mark are always among them. */
function jobTitle({ request, instance, mark }: Pick<ContextParts, 'request' | 'instance' | 'mark'>): string {
  const { node, kbuild } = request;
  const describe = (node.data.kernel_revision ?? kbuild?.data.kernel_revision)?.describe ?? '';
  const head = `[${instance}] ${node.id} `;
  const tail = mark === undefined ? '' : ` ${mark}`;
  const middle = `${node.name} ${describe}`.trim();
  for (const [field, text] of [
    ['node.name', node.name],
    ['node.data.kernel_revision.describe', describe],
  ] as const) {
    if (text.includes('\0') || !text.isWellFormed()) {
      throw new RequestError('bad_text', `${field} holds a NUL or half of a surrogate pair`, { field });
    }
  }
  return `${head}${shortened(middle, 200 - head.length - tail.length)}${tail}`;
}

function shortened(text: string, length: number): string {
  const cut = text.slice(0, length);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

/**
 * Arguments for the kernel's command line. They pass through QEMU's and boot loaders' command lines, where quotes and
 * separators would end them.
 */
function kernelArguments(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string' || !/^[A-Za-z0-9 _.,:=/@%+*!~[\]-]*$/.test(value)) {
    throw new RequestError(
      'bad_kernel_args',
      'extra_kernel_args: only letters, digits, spaces and _ . , : = / @ % + * ! ~ [ ] -',
      {
        field: 'params.extra_kernel_args',
      },
    );
  }
  return value.trim();
}

function lavaContext(
  board: Board,
  plan: FoundPlan | undefined,
  cmdline: string,
  nfs: boolean,
): Record<string, unknown> | null {
  const context: Record<string, unknown> = { ...board.context, ...plan?.context };
  if (cmdline === '') return Object.keys(context).length === 0 ? null : context;
  // For an NFS boot LAVA writes QEMU's command line itself; behind the NFS options is the only place for more.
  if (board.boot_method === 'qemu' && nfs) {
    const options = context['extra_nfsroot_args'];
    return { ...context, extra_nfsroot_args: `${typeof options === 'string' ? options : ''} ${cmdline}` };
  }
  return { ...context, extra_kernel_args: cmdline };
}

/** Boot methods that put files into the initramfs before it is loaded. */
const OVERLAY_METHODS = new Set(['qemu', 'fastboot', 'efi', 'minimal']);

/** The tests' programs in the initramfs: then the board needs no network to get them. */
function kselftestOverlay(
  board: Board,
  { kselftest, ramdisk }: Artifacts,
  tests: readonly TestSpec[],
): unknown {
  const wanted = board.params[OWN_PARAMS.overlay] ?? OVERLAY_METHODS.has(board.boot_method);
  const hasKselftest = tests.some((test) => test.type.startsWith('kselftest'));
  return wanted === true && hasKselftest && ramdisk !== null ? kselftest : null;
}

/** Whether the kernel was built with a fragment of that name. */
function isConfigured({ node, kbuild }: JobRequest, word: string): boolean {
  const config = node.data.config_full ?? kbuild?.data.config_full ?? '';
  const fragments = node.data.fragments ?? kbuild?.data.fragments ?? [];
  return config.includes(word) || fragments.includes(word);
}

function uploadPlace({ url, tokenName }: Uploads, { node }: JobRequest): Record<string, string> {
  const folder = `${node.name.replace(/[^A-Za-z0-9._-]/g, '_')}-${node.id}`;
  return {
    url: `${url.replace(/\/+$/, '')}/upload`,
    folder,
    base: `${url.replace(/\/+$/, '')}/${folder}`,
    token: tokenName,
  };
}

/** A duration (ms) in the largest unit that it is whole in. */
export function wholeUnits(ms: number): Record<string, number> {
  for (const [unit, size] of [
    ['days', DAY],
    ['hours', HOUR],
    ['minutes', MINUTE],
  ] as const) {
    if (ms >= size && ms % size === 0) return { [unit]: ms / size };
  }
  return { seconds: Math.max(1, Math.ceil(ms / SECOND)) };
}
