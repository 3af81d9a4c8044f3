// Parameters of boards and plans that nothing reads: a word that is spelt wrongly (`promts`) would else be lost without a
// sound, and the kernel blamed for what follows.
import type { Boards } from '../catalog/boards.ts';
import type { Plans } from '../catalog/plans.ts';
import type { Problem } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { OWN_PARAMS } from './context.ts';
import { isWorkedUp } from './general.ts';
import type { Renderer } from './renderer.ts';

interface Parts {
  boards: Boards;
  plans: Plans;
  renderer: Renderer;
}

/** A line for each, at its place in the file. */
export function unreadParams({ boards, plans, renderer }: Parts): Problem[] {
  const known = namesBelow('params', renderer.reads(), Object.values(OWN_PARAMS));
  const ofBoards = boards.names().flatMap((name) =>
    boards.paramsOf(name).flatMap((path) => {
      const message = fault(String(path.at(-1)), known, 'no template reads it');
      return message === undefined
        ? []
        : [boards.problem(name, path, 'unread_parameter', `${path.join('.')}: ${message}`)];
    }),
  );
  return [...ofBoards, ...plans.names().flatMap((name) => unreadInPlan(name, known, plans, renderer))];
}

function unreadInPlan(name: string, known: ReadonlySet<string>, plans: Plans, renderer: Renderer): Problem[] {
  const plan = plans.get(name);
  if (plan === undefined) return [];
  const problem = (path: (string | number)[], message: string | undefined): Problem[] =>
    message === undefined
      ? []
      : [plans.problem(name, path, 'unread_parameter', `plans.${name}.${path.join('.')}: ${message}`)];
  return [
    ...Object.keys(plan.params).flatMap((key) =>
      problem(['params', key], fault(key, known, 'no template reads it')),
    ),
    ...plan.tests.flatMap(({ type, params }, i) => {
      const ofTest = namesBelow('test.params', renderer.reads(type), []);
      return Object.keys(params)
        .filter((key) => !isWorkedUp(type, key))
        .flatMap((key) =>
          problem(['tests', i, 'params', key], fault(key, ofTest, `no template of ${type} reads it`)),
        );
    }),
  ];
}

/** The names that stand behind `prefix` in what templates read. */
function namesBelow(
  prefix: string,
  reads: ReadonlySet<string>,
  more: readonly string[],
): ReadonlySet<string> {
  const names = [...reads].flatMap((path) =>
    path.startsWith(`${prefix}.`) ? (path.slice(prefix.length + 1).split('.', 1)[0] ?? []) : [],
  );
  return new Set([...more, ...names]);
}

function fault(key: string, known: ReadonlySet<string>, message: string): string | undefined {
  if (known.has(key)) return undefined;
  return message + didYouMean(key, known);
}
