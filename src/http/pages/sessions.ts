// Who is signed in: a token of the configuration gives a random session in a cookie that no script reads and no other site
// sends. A session may do what its token may do now, and ends with it. Sessions are kept in memory: after a restart people
// sign in again.
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HOUR, type Clock } from '../../core/time.ts';
import type { Access } from '../auth.ts';

export interface User {
  name: string;
  /** They may change something. */
  mayOperate: boolean;
}

interface WithHeaders {
  headers: IncomingHttpHeaders;
}

export interface Sessions {
  /** Whether there is a token to sign in with. */
  isOpen: () => boolean;
  /** The cookie of a new session; undefined: that is no token of ours. */
  begin: (token: string, isSecure: boolean) => string | undefined;
  /** The cookie that ends it. */
  end: (request: WithHeaders) => string;
  userOf: (request: WithHeaders) => User | undefined;
}

const COOKIE = 'lava_bridge_session';
const LONGEST = 12 * HOUR;
const MOST = 1000;

/** `access`: the tokens and whose they are. */
export function createSessions(access: Pick<Access, 'actorOf' | 'takesOrders'>, now: Clock): Sessions {
  const sessions = new Map<string, { token: string; until: number }>();

  function userWith(token: string): User | undefined {
    const actor = access.actorOf({ authorization: `Bearer ${token}` });
    return actor && { name: actor.name, mayOperate: actor.role === 'operate' };
  }

  return {
    isOpen: access.takesOrders,
    begin(token, isSecure) {
      if (userWith(token) === undefined) return undefined;
      const id = randomBytes(32).toString('base64url');
      sessions.set(id, { token, until: now() + LONGEST });
      const [oldest] = sessions.keys();
      if (sessions.size > MOST && oldest !== undefined) sessions.delete(oldest);
      return cookie(id, LONGEST / 1000, isSecure);
    },
    end(request) {
      sessions.delete(idOf(request));
      return cookie('', 0, false);
    },
    userOf(request) {
      const session = sessions.get(idOf(request));
      return session === undefined || now() > session.until ? undefined : userWith(session.token);
    },
  };
}

function cookie(value: string, seconds: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
}

function idOf({ headers }: WithHeaders): string {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? '';
}

/** Whether a form comes from a page of ours: browsers say in every POST where it comes from. */
export function isOwnForm({ headers }: WithHeaders): boolean {
  const { origin, host } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
