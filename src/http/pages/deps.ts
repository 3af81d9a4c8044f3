// What a page is made from.
import type { BoardsView } from '../overview.ts';
import type { HttpPorts } from '../ports.ts';
import type { User } from './sessions.ts';

export interface PageParts {
  ctx: HttpPorts;
  boards: BoardsView;
  /** Who looks at it, if they are signed in. */
  user: User | undefined;
}
