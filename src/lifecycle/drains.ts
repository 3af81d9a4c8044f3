// Whether new work is kept away from a lab, a board or a device, by an admin or by the bridge itself.
import type { Inventory } from '../lava/inventory.ts';
import type { Drain, JobRecord, Reason, Store } from '../store/index.ts';

/** What shows whether new work is drained. */
export interface DrainPorts {
  store: Pick<Store, 'drains'>;
}

/** What ending a drain uses. */
export interface ResumePorts {
  store: Pick<Store, 'resume' | 'wakeStage'>;
  /** Something became due in this lab. */
  wake: (lab: string) => void;
}

/** Ends a drain of the lab, of the board or of the device, and lets in what waits; false: there was none. */
export async function resumeWork(
  { lab, board, device }: Pick<Drain, 'lab' | 'board' | 'device'>,
  { store, wake }: ResumePorts,
): Promise<boolean> {
  if (!(await store.resume(lab, board, device))) return false;
  await store.wakeStage(lab, 'received');
  wake(lab);
  return true;
}

/** Why nothing is let into the job's lab, or onto its board; undefined if neither is drained. */
export async function whyDrained(
  job: Pick<JobRecord, 'lab' | 'board'>,
  ports: DrainPorts,
): Promise<Reason | undefined> {
  const drain = drainOfBoard(await ports.store.drains(), job);
  if (!drain) return undefined;
  const what = drain.board === '' ? job.lab : `${drain.board} in ${job.lab}`;
  return { code: 'drained', text: `${what} is drained: ${drain.why}` };
}

/** The drain of the whole lab, or of the board. */
export function drainOfBoard(
  drains: readonly Drain[],
  { lab, board }: { lab: string; board: string },
): Drain | undefined {
  return drains.find((d) => d.lab === lab && d.device === '' && (d.board === '' || d.board === board));
}

/** The inventory as it counts for new work: a drained device takes none, as one that is offline. */
export function withoutDrained(inventory: Inventory, lab: string, drains: readonly Drain[]): Inventory {
  const whys = new Map(drains.filter((d) => d.lab === lab && d.device !== '').map((d) => [d.device, d.why]));
  if (whys.size === 0) return inventory;
  const boards = inventory.boards.map((board) => {
    const why = whys.get(board.name);
    return why === undefined || !board.online
      ? board
      : { ...board, online: false, free: false, reason: `it is drained: ${why}` };
  });
  return { ...inventory, boards };
}
