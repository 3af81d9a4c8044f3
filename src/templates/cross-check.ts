// Do boards, plans and templates fit together? Every plan is rendered for every board with a made-up build: what fails
// is either a fault of a template, or something that the board cannot do.
import { errorText, RequestError, type Problem } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import type { Board, Boards } from '../catalog/boards.ts';
import { JobRequest } from '../maestro/request.ts';
import type { Plans } from '../catalog/plans.ts';
import type { Renderer } from './renderer.ts';
import { TemplateError } from './run.ts';

/** One plan on one board: `reason` says why it cannot be run. */
export interface Ability {
  plan: string;
  reason: string | undefined;
}

interface Parts {
  boards: Boards;
  plans: Plans;
  renderer: Renderer;
}

/** What a board can run, plan by plan. */
export function abilitiesOf(board: Board, { plans, renderer }: Omit<Parts, 'boards'>): Ability[] {
  return plans.names().map((plan) => ({ plan, reason: tryPlan(board, plan, plans, renderer)?.message }));
}

/** Templates that boards and plans name and that are not there. Costs little: nothing is rendered. */
export function danglingNames({ boards, plans, renderer }: Parts): Problem[] {
  return [
    ...allBoards(boards).flatMap((board) => missingTemplates(board, boards, renderer)),
    ...plans.names().flatMap((name) => missingTypes(name, plans, renderer)),
  ];
}

function allBoards(boards: Boards): Board[] {
  return boards.names().flatMap((name) => boards.find(name) ?? []);
}

/** Names that lead nowhere, and templates that fail, with all the boards and plans that use them. */
export function crossCheck({ boards, plans, renderer }: Parts): Problem[] {
  const all = allBoards(boards);
  const dangling = danglingNames({ boards, plans, renderer });
  if (dangling.length > 0) return dangling;
  const faults = new Map<string, { error: RequestError; boards: Set<string>; plans: Set<string> }>();
  for (const board of all) {
    for (const plan of plans.names()) {
      const error = tryPlan(board, plan, plans, renderer);
      if (error?.code !== 'template') continue; // the board cannot do it
      const fault = faults.get(error.message) ?? { error, boards: new Set(), plans: new Set() };
      fault.boards.add(board.name);
      fault.plans.add(plan);
      faults.set(error.message, fault);
    }
  }
  return [...faults.values()].map(({ error, boards: on, plans: by }) => {
    const uses = `(boards: ${few(on)}; plans: ${few(by)})`;
    if (error instanceof TemplateError)
      return { code: error.code, ...error.spot, message: `${error.what} ${uses}` };
    // Where it failed is not known: the first board is the nearest place.
    return boards.problem([...on][0] ?? '', ['boot_method'], error.code, `${error.message} ${uses}`);
  });
}

function missingTemplates(board: Board, boards: Boards, renderer: Renderer): Problem[] {
  const { boot_method, templates } = board;
  const boot = templates.boot ?? boot_method;
  const path = templates.boot === undefined ? ['boot_method'] : ['templates', 'boot'];
  const problems: Problem[] = [];
  if (!renderer.has('boot', boot)) {
    const there = renderer.names('boot').join(', ');
    problems.push(
      boards.problem(
        board.name,
        path,
        'unknown_reference',
        `${path.join('.')}: there is no template boot/${boot}${didYouMean(boot, renderer.names('boot'))}; there are ${there}`,
      ),
    );
  }
  for (const [type, name] of Object.entries(templates.test)) {
    if (renderer.has('test', name)) continue;
    problems.push(
      boards.problem(
        board.name,
        ['templates', 'test', type],
        'unknown_reference',
        `templates.test.${type}: there is no template test/${name}${didYouMean(name, renderer.names('test'))}`,
      ),
    );
  }
  return problems;
}

function missingTypes(name: string, plans: Plans, renderer: Renderer): Problem[] {
  const tests = plans.find(sampleName(name))?.tests ?? [];
  return tests.flatMap((test, i) =>
    renderer.has('test', test.type)
      ? []
      : [
          plans.problem(
            name,
            ['tests', i, 'type'],
            'unknown_reference',
            `plans.${name}: there is no template test/${test.type}${didYouMean(test.type, renderer.names('test'))}; there are ${renderer.names('test').join(', ')}`,
          ),
        ],
  );
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
