// What is up and what waits for what, lab by lab and board by board.
import { rfc3339 } from '../core/time.ts';
import { errorText } from '../core/errors.ts';
import { supplyOf, type Inventory } from '../lava/inventory.ts';
import type { Board } from '../catalog/boards.ts';
import { abilitiesOf } from '../templates/cross-check.ts';
import type { HttpPorts } from './ports.ts';
import type { Lab } from '../lifecycle/lab.ts';
import { stageAfter } from '../store/index.ts';
import type { BoardView, LabView } from './shapes.ts';

/** `refused`: by lab, why its callbacks are. */
export async function labsView(ctx: HttpPorts, refused: ReadonlyMap<string, string>): Promise<LabView[]> {
  const [counts, drains] = await Promise.all([ctx.store.openCounts(), ctx.store.drains()]);
  return [...ctx.labs.values()].map((lab) => {
    const { status, since, answeredAt, why } = lab.state();
    const jobs: Record<string, number> = {};
    const waiting: Record<string, number> = {};
    for (const { stage, count } of counts.filter((c) => c.lab === lab.name)) {
      jobs[stage] = (jobs[stage] ?? 0) + count;
      const next = stageAfter(stage) ?? stage;
      waiting[next] = (waiting[next] ?? 0) + count;
    }
    return {
      name: lab.name,
      url: lab.config.lava.url,
      up: status === 'up',
      status,
      answered: answeredAt === undefined ? null : rfc3339(answeredAt),
      since: rfc3339(since),
      why: why ?? null,
      drained: drains.find((d) => d.lab === lab.name && d.board === '')?.why ?? null,
      callbacks: refused.get(lab.name) ?? null,
      jobs,
      waiting,
      xmlrpc_requests: lab.calls(),
    };
  });
}

/** The boards that a lab has devices for, or jobs. */
export async function boardsView(ctx: HttpPorts): Promise<BoardView[]> {
  const [counts, drains] = await Promise.all([ctx.store.openCounts(), ctx.store.drains()]);
  const views: BoardView[] = [];
  for (const lab of ctx.labs.values()) {
    const { inventory, problem } = await inventoryOf(lab);
    for (const name of ctx.boards.names()) {
      const board = ctx.boards.find(name, lab.name);
      if (board === undefined) continue;
      const devices = inventory && supplyOf(inventory, board.lava_device_type, board.tags);
      const jobs = counts
        .filter((c) => c.lab === lab.name && c.board === board.name)
        .reduce((n, c) => n + c.count, 0);
      if (devices?.total === 0 && jobs === 0) continue;
      views.push({
        lab: lab.name,
        board: board.name,
        device_type: board.lava_device_type,
        boot_method: board.boot_method,
        online: devices?.online ?? null,
        idle: devices?.free ?? null,
        queued: devices?.queued ?? null,
        reasons: problem === undefined ? (devices?.reasons ?? []) : [problem],
        drained:
          drains.find((d) => d.lab === lab.name && (d.board === '' || d.board === board.name))?.why ?? null,
        jobs,
        ...plansOf(board, ctx),
      });
    }
  }
  return views;
}

async function inventoryOf(
  lab: Lab,
): Promise<{ inventory: Inventory | undefined; problem: string | undefined }> {
  try {
    return { inventory: await lab.inventory(), problem: undefined };
  } catch (error) {
    return { inventory: undefined, problem: errorText(error) };
  }
}

function plansOf(board: Board, ctx: HttpPorts): Pick<BoardView, 'runs' | 'runs_not'> {
  const abilities = abilitiesOf(board, ctx);
  return {
    runs: abilities.flatMap(({ plan, reason }) => (reason === undefined ? [plan] : [])),
    runs_not: abilities.flatMap(({ plan, reason }) => (reason === undefined ? [] : [{ plan, reason }])),
  };
}
