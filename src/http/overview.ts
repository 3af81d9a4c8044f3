// What is up and what waits for what, lab by lab and board by board.
import { setImmediate } from 'node:timers/promises';
import { sharedAnswer } from '../core/shared-answer.ts';
import { rfc3339, SECOND } from '../core/time.ts';
import { supplyOf, type Supply } from '../lava/inventory.ts';
import type { Board } from '../catalog/boards.ts';
import { abilitiesOf } from '../templates/cross-check.ts';
import type { HttpPorts } from './ports.ts';
import { drainOfBoard, withoutDrained } from '../lifecycle/drains.ts';
import type { Lab } from '../lifecycle/lab.ts';
import { stageAfter, type Drain } from '../store/index.ts';
import type { KnownPart } from '../lifecycle/parts.ts';
import type { BoardView, DaemonView, LabView, PartView } from './shapes.ts';

/** A part outside, as the API shows it. */
export function partView({ kind, name, status, answeredAt }: KnownPart, now: number): PartView {
  return {
    kind,
    name,
    status,
    answered: answeredAt === undefined ? null : rfc3339(answeredAt),
    age_seconds: answeredAt === undefined ? null : Math.max(0, Math.round((now - answeredAt) / 1000)),
  };
}

/** `parts`: what is known of all of them. */
export async function labsView(ctx: HttpPorts, parts: readonly KnownPart[]): Promise<LabView[]> {
  const [counts, drains] = await Promise.all([ctx.reader.openCounts(), ctx.reader.drains()]);
  const callbacks = parts.filter(({ kind, status }) => kind === 'callbacks' && status === 'down');
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
      drained: drains.find((d) => d.lab === lab.name && d.board === '' && d.device === '')?.why ?? null,
      callbacks: callbacks.find(({ name }) => name === lab.name)?.why ?? null,
      jobs,
      waiting,
      xmlrpc_requests: lab.calls(),
      daemon: ctx.daemons().find(({ holds }) => holds.includes(`lab ${lab.name}`))?.name ?? null,
    };
  });
}

/** The daemons that share the database. */
export function daemonsView({ daemons }: Pick<HttpPorts, 'daemons'>): DaemonView[] {
  return daemons().map(({ name, version, startedAt, isOwn, holds, differs }) => ({
    name,
    version,
    started: rfc3339(startedAt),
    own: isOwn,
    work: holds,
    differs: [...differs],
  }));
}

interface LabSupplies {
  lab: Lab;
  known: ReturnType<Lab['knownInventory']>;
  /** Of each board that is registered for the lab; `devices` undefined: LAVA has not answered yet. */
  supplies: { board: Board; devices: Supply | undefined }[];
}

/** What each lab has for each board, as LAVA said last, without drained devices. */
export function suppliesOf(ctx: Pick<HttpPorts, 'labs' | 'boards'>, drains: readonly Drain[]): LabSupplies[] {
  return [...ctx.labs.values()].map((lab) => {
    const known = refreshForNext(lab);
    const usable = known && withoutDrained(known.inventory, lab.name, drains);
    const boards = ctx.boards.names().flatMap((name) => ctx.boards.find(name, lab.name) ?? []);
    return {
      lab,
      known,
      supplies: boards.map((board) => ({
        board,
        devices: usable && supplyOf(usable, board.lava_device_type, board.tags),
      })),
    };
  });
}

/** The boards of all labs with what each can run, for API and pages. */
export interface BoardsView {
  /** The boards that the labs have devices for, or jobs. Waits for no LAVA: it shows what each said last. */
  boards: () => Promise<BoardView[]>;
}

type Plans = Pick<BoardView, 'runs' | 'runs_not'>;

/** What is idle and queued changes with every job: LAVA is asked again when its word is older (ms). */
const BOARDS_AGE = 30 * SECOND;
/** So long (ms) a view is shown again as it is, however many ask. */
const VIEW_AGE = SECOND;

export function createBoardsView(ctx: HttpPorts): BoardsView {
  const plans = new Map<string, Plans>();
  let version = ctx.catalogVersion();

  async function plansOf(board: Board, lab: string): Promise<Plans> {
    const key = `${lab} ${board.name}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    // There are many, and others have to be served between two.
    await setImmediate();
    const abilities = abilitiesOf(board, ctx);
    const made = {
      runs: abilities.flatMap(({ plan, reason }) => (reason === undefined ? [plan] : [])),
      runs_not: abilities.flatMap(({ plan, reason }) => (reason === undefined ? [] : [{ plan, reason }])),
    };
    plans.set(key, made);
    return made;
  }

  async function boards(): Promise<BoardView[]> {
    if (version !== ctx.catalogVersion()) plans.clear();
    version = ctx.catalogVersion();
    const [counts, drains] = await Promise.all([ctx.reader.openCounts(), ctx.reader.drains()]);
    const views: BoardView[] = [];
    for (const { lab, known, supplies } of suppliesOf(ctx, drains)) {
      for (const { board, devices } of supplies) {
        const jobs = counts
          .filter((c) => c.lab === lab.name && c.board === board.name)
          .reduce((n, c) => n + c.count, 0);
        if (devices?.total === 0 && jobs === 0) continue;
        const drain = drainOfBoard(drains, { lab: lab.name, board: board.name });
        views.push({
          lab: lab.name,
          board: board.name,
          device_type: board.lava_device_type,
          boot_method: board.boot_method,
          online: devices?.online ?? null,
          idle: devices?.free ?? null,
          queued: devices?.queued ?? null,
          asked: known === undefined ? null : rfc3339(known.at),
          reasons:
            devices === undefined ? [lab.state().why ?? 'LAVA has not answered yet'] : reasonsOf(devices),
          drained: drain?.why ?? null,
          jobs,
          ...(await plansOf(board, lab.name)),
        });
      }
    }
    return views;
  }

  return { boards: sharedAnswer(boards, VIEW_AGE, ctx.now) };
}

function reasonsOf({ reasons, unseen }: Supply): string[] {
  if (unseen === 0) return reasons;
  return [...reasons, `${unseen} count as online: our user may not see their workers (view_worker)`];
}

/** What is known of the lab's devices now; LAVA is asked for the next reader. */
function refreshForNext(lab: Lab): ReturnType<Lab['knownInventory']> {
  // Why it failed is what the lab's state says.
  lab.inventory(BOARDS_AGE).catch(() => undefined);
  return lab.knownInventory();
}
