// Whether a lab can run something on a board now. What stands in the way is said in words that stay the same while it
// does, so that a job's timeline has them once.
import type { Board, Boards } from '../catalog/boards.ts';
import { supplyOf, type Supply } from '../lava/inventory.ts';
import type { LabConfig } from '../config/schema.ts';
import { SECOND } from '../core/time.ts';
import type { JobRecord, Reason, Store } from '../store/index.ts';
import { deviceOfSupplied } from '../templates/supplied.ts';
import { withoutDrained } from './drains.ts';
import type { Lab } from './lab.ts';

/** What shows how much of a lab is in use, and by which boards. */
export interface CapacityPorts {
  store: Pick<Store, 'openCounts' | 'drains'>;
  boards: { find: (name: string, lab?: string) => Pick<Board, 'lava_device_type'> | undefined };
}

/** What shows what a job needs. */
export interface WantedPorts {
  store: Pick<Store, 'request'>;
  boards: Pick<Boards, 'find'>;
}

/** Jobs in these stages will be in LAVA's queue soon. */
const ON_THE_WAY = new Set(['admitted', 'claimed', 'rendered']);
/** No younger inventory is asked for before a job is kept waiting. */
const FRESH = 5 * SECOND;

/** What of a lab decides whether it takes another job. */
export interface LimitedLab extends Pick<Lab, 'name' | 'inventory'> {
  config: { limits: Pick<LabConfig['limits'], 'max_jobs' | 'max_queued_per_device'> };
}

/** What of a lab a job needs. */
export interface Wanted extends Pick<Board, 'lava_device_type' | 'tags' | 'limits'> {
  /** The board's name, as jobs are counted by it. */
  name: string;
}

/** What a job needs; undefined: its board is not registered for the lab, and its request has no definition that says. */
export async function wantedBy(job: JobRecord, lab: Lab, ports: WantedPorts): Promise<Wanted | undefined> {
  const board = ports.boards.find(job.board, lab.name);
  const { definition_yaml: yaml } = await ports.store.request(job.id);
  if (yaml === undefined) return board;
  if (board === undefined && ports.boards.find(job.board) !== undefined) return undefined;
  const { deviceType, tags } = deviceOfSupplied(yaml);
  return { name: job.board, lava_device_type: deviceType, tags, limits: board?.limits ?? {} };
}

/** Why no job for the board can be given to LAVA now; undefined if one can. */
export async function whyNoCapacity(
  lab: LimitedLab,
  board: Wanted,
  ports: CapacityPorts,
): Promise<Reason | undefined> {
  const [counts, drains] = await Promise.all([ports.store.openCounts(lab.name), ports.store.drains()]);
  const inLab = counts.filter((c) => c.lab === lab.name);
  const look = async (maxAge?: number): Promise<Reason | undefined> => {
    const inventory = await lab.inventory(maxAge);
    const supply = supplyOf(withoutDrained(inventory, lab.name, drains), board.lava_device_type, board.tags);
    const { online } = supplyOf(inventory, board.lava_device_type, board.tags);
    return judge({ ...supply, drained: online - supply.online }, inLab, lab, board, ports);
  };
  return (await look()) && look(FRESH);
}

type Counts = Awaited<ReturnType<Store['openCounts']>>;

/** `drained`: how many would be online. */
function judge(
  supply: Supply & { drained: number },
  counts: Counts,
  lab: LimitedLab,
  board: Wanted,
  ports: Pick<CapacityPorts, 'boards'>,
): Reason | undefined {
  const type = board.lava_device_type;
  if (supply.total === 0) {
    const tags = board.tags.length === 0 ? '' : ` with the tags ${board.tags.join(', ')}`;
    return { code: 'no_device', text: `${lab.name} has no ${type} that our user may see${tags}` };
  }
  if (supply.online === 0) {
    if (supply.drained > 0)
      return { code: 'drained', text: `no ${type} takes jobs: ${supply.reasons.join('; ')}` };
    return { code: 'offline', text: `no ${type} is online: ${supply.reasons.join('; ')}` };
  }

  const sum = (keep: (c: Counts[number]) => boolean): number =>
    counts.filter(keep).reduce((n, c) => n + c.count, 0);
  const { max_jobs, max_queued_per_device } = lab.config.limits;
  const isInLava = ({ stage }: Counts[number]): boolean =>
    ON_THE_WAY.has(stage) || stage === 'submitted' || stage === 'running';
  const inLava = sum(isInLava);
  if (inLava >= max_jobs) {
    return {
      code: 'lab_full',
      text: `${max_jobs} of our jobs are in ${lab.name} already (limits.max_jobs)`,
    };
  }

  const ofBoard = sum((c) => c.board === board.name && isInLava(c));
  const boardLimit = board.limits.max_jobs;
  if (boardLimit !== undefined && ofBoard >= boardLimit) {
    const text = `${boardLimit} of our jobs for ${board.name} are in ${lab.name} already (limits.max_jobs of the device type)`;
    return { code: 'board_full', text };
  }

  // A board that is not registered is known by its definition; most are called as their type.
  const sameType = (c: Counts[number]): boolean =>
    (ports.boards.find(c.board, lab.name)?.lava_device_type ?? c.board) === type;
  const coming = sum((c) => sameType(c) && ON_THE_WAY.has(c.stage));
  const ours = sum((c) => sameType(c) && c.stage === 'submitted');
  const limit = board.limits.max_queued_per_device ?? max_queued_per_device;
  if (Math.max(supply.queued, ours) + coming < limit * supply.online) return undefined;
  return {
    code: 'queue_full',
    text: `enough jobs wait for ${type}: ${limit} for each of ${supply.online} online (limits.max_queued_per_device)`,
  };
}
