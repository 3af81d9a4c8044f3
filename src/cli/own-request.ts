// A request of the admin's own: a kernel on a board of a lab, as a plan of Maestro's job names says.
import { randomBytes } from 'node:crypto';

/** What is to run where. */
export interface OwnTest {
  lab: string;
  board: string;
  /** A job name of Maestro: its plan says what runs, and in which root file system. */
  plan: string;
  arch: string | undefined;
  /** http(s) URLs. */
  artifacts: Record<string, string>;
}

/** The request, with a node id that nobody else has. */
export function ownRequest({ lab, board, plan, arch, artifacts }: OwnTest): object {
  const known = arch === undefined ? {} : { arch };
  return {
    node: {
      id: nodeId(),
      kind: 'job',
      name: plan,
      path: [plan],
      state: 'available',
      data: { runtime: lab, platform: board, ...known },
    },
    kbuild: {
      id: nodeId(),
      kind: 'kbuild',
      name: 'own-kernel',
      path: ['own-kernel'],
      state: 'done',
      result: 'pass',
      artifacts,
      data: known,
    },
  };
}

/** As Maestro's are: 24 hex digits. */
function nodeId(): string {
  return randomBytes(12).toString('hex');
}
