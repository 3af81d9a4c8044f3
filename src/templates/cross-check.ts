// Do boards, plans and templates fit together? Every plan is rendered for every board with a made-up build: what fails
// is either a fault of a template, or something that the board cannot do.
import { errorText, RequestError, type Problem } from '../base/errors.ts';
import type { Board, Boards } from '../boards/registry.ts';
import { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../plans/registry.ts';
import type { Renderer } from './renderer.ts';

/** One plan on one board: `reason` says why it cannot be run. */
export interface Ability {
  plan: string;
  reason: string | undefined;
  /** Whether a template is at fault, not the board. */
  isFault: boolean;
}

interface Parts {
  boards: Boards;
  plans: Plans;
  renderer: Renderer;
}

/** What a board can run, plan by plan. */
export function abilitiesOf(board: Board, { plans, renderer }: Omit<Parts, 'boards'>): Ability[] {
  return plans.names().map((plan) => {
    const reason = tryPlan(board, plan, plans, renderer);
    return { plan, reason: reason?.message, isFault: reason?.code === 'template' };
  });
}

/** Names that lead nowhere, and templates that fail, with all the boards and plans that use them. */
export function crossCheck({ boards, plans, renderer }: Parts): Problem[] {
  const all = boards.names().flatMap((name) => boards.find(name) ?? []);
  const dangling = [
    ...all.flatMap((board) => missingTemplates(board, renderer)),
    ...plans.names().flatMap((name) => missingTypes(name, plans, renderer)),
  ];
  if (dangling.length > 0) return dangling;
  const faults = new Map<string, { file: string; boards: Set<string>; plans: Set<string> }>();
  for (const board of all) {
    for (const { plan, reason, isFault } of abilitiesOf(board, { plans, renderer })) {
      if (!isFault || reason === undefined) continue;
      const fault = faults.get(reason) ?? { file: board.file, boards: new Set(), plans: new Set() };
      fault.boards.add(board.name);
      fault.plans.add(plan);
      faults.set(reason, fault);
    }
  }
  return [...faults].map(([reason, { file, boards: on, plans: by }]) => ({
    file,
    message: `${reason} (boards: ${few(on)}; plans: ${few(by)})`,
  }));
}

function missingTemplates(board: Board, renderer: Renderer): Problem[] {
  const { file, boot_method, templates } = board;
  const boot = templates.boot ?? boot_method;
  const key = templates.boot === undefined ? 'boot_method' : 'templates.boot';
  const problems: Problem[] = [];
  if (!renderer.has('boot', boot)) {
    problems.push({
      file,
      message: `${key}: there is no template boot/${boot}; there are ${renderer.names('boot').join(', ')}`,
    });
  }
  for (const [type, name] of Object.entries(templates.test)) {
    if (renderer.has('test', name)) continue;
    problems.push({ file, message: `templates.test.${type}: there is no template test/${name}` });
  }
  return problems;
}

function missingTypes(name: string, plans: Plans, renderer: Renderer): Problem[] {
  const plan = plans.find(sampleName(name));
  return (plan?.tests ?? [])
    .filter((test) => !renderer.has('test', test.type))
    .map((test) => ({
      file: plan?.file ?? '',
      message: `plans.${name}: there is no template test/${test.type}`,
    }));
}

function tryPlan(board: Board, plan: string, plans: Plans, renderer: Renderer): RequestError | undefined {
  const request = sampleRequest(board, sampleName(plan));
  const dtbs = Object.fromEntries(board.dtb.map((path) => [path, `${BUILD}/${path}`]));
  const callback = { url: 'http://bridge.invalid/callback', tokenName: 'token', header: 'Authorization' };
  const lab = { name: 'check', priority: { min: 0, max: 100 }, callback, queueTimeoutMs: 3_600_000 };
  try {
    renderer.render({ request, board, plans, lab, instance: 'check', dtbs });
    return undefined;
  } catch (error) {
    return error instanceof RequestError ? error : new RequestError('template', errorText(error));
  }
}

const BUILD = 'http://build.invalid';
const KERNELS: Readonly<Record<string, string>> = { arm: 'zImage', i386: 'bzImage', x86_64: 'bzImage' };

/** A name that a plan's pattern fits. */
function sampleName(plan: string): string {
  return plan.replace('*', 'sample');
}

function sampleRequest(board: Board, name: string): JobRequest {
  const data = { platform: board.name, runtime: 'check' };
  const kernel = `${BUILD}/${KERNELS[board.arch] ?? 'Image'}`;
  const artifacts = {
    kernel,
    modules: `${BUILD}/modules.tar.xz`,
    kselftest_tar_xz: `${BUILD}/kselftest.tar.xz`,
  };
  return JobRequest.parse({
    node: { id: '0'.repeat(24), kind: 'job', name, path: [], state: 'available', data },
    kbuild: { id: '1'.repeat(24), kind: 'kbuild', name: 'kbuild', path: [], state: 'available', artifacts },
  });
}

function few(names: ReadonlySet<string>): string {
  const all = [...names];
  return all.length <= 5 ? all.join(', ') : `${all.slice(0, 5).join(', ')} and ${all.length - 5} more`;
}
