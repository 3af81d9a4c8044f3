import { describe, expect, it } from 'vitest';
import { createSessions, isOwnForm, type Sessions } from '../../../src/http/pages/sessions.ts';

const HOUR = 3_600_000;
let now = 0;

function newSessions(): Sessions {
  return createSessions(
    {
      takesOrders: () => true,
      actorOf: ({ authorization }) =>
        authorization === 'Bearer operate'
          ? { name: 'admin', role: 'operate' }
          : authorization === 'Bearer read'
            ? { name: 'guest', role: 'read' }
            : undefined,
    },
    () => now,
  );
}

/** A request with the cookie that was set. */
const from = (cookie = ''): { headers: { cookie: string } } => ({
  headers: { cookie: `theme=dark; ${cookie.split(';')[0] ?? ''}` },
});

describe('a session', () => {
  it('is of whoever the token is of, and may do what the token may', () => {
    const sessions = newSessions();

    expect(sessions.userOf(from(sessions.begin('operate', false)))).toEqual({
      name: 'admin',
      mayOperate: true,
    });
    expect(sessions.userOf(from(sessions.begin('read', false)))).toEqual({
      name: 'guest',
      mayOperate: false,
    });
    expect(sessions.begin('guessed', false)).toBeUndefined();
    expect(sessions.userOf(from('lava_bridge_session=guessed'))).toBeUndefined();
    expect(sessions.userOf({ headers: {} })).toBeUndefined();
  });

  it('is a cookie that no script reads and no other site sends, over https alone where that is spoken', () => {
    const sessions = newSessions();

    expect(sessions.begin('operate', false)).toMatch(
      /^lava_bridge_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect(sessions.begin('operate', true)).toMatch(/; Secure$/);
    expect(sessions.begin('operate', false)).not.toBe(sessions.begin('operate', false));
  });

  it('ends after twelve hours, and when its user signs out', () => {
    const sessions = newSessions();
    const [first, second] = [sessions.begin('operate', false), sessions.begin('operate', false)];

    expect(sessions.end(from(first))).toMatch(/^lava_bridge_session=; .*Max-Age=0$/);
    expect(sessions.userOf(from(first))).toBeUndefined();
    now += 12 * HOUR;
    expect(sessions.userOf(from(second))).toBeDefined();
    now += 1;
    expect(sessions.userOf(from(second))).toBeUndefined();
  });

  it('of many others pushes out the oldest, so that they cannot fill the memory', () => {
    const sessions = newSessions();
    const first = sessions.begin('operate', false);
    const last = Array.from({ length: 1000 }, () => sessions.begin('read', false)).at(-1);

    expect(sessions.userOf(from(first))).toBeUndefined();
    expect(sessions.userOf(from(last))).toBeDefined();
  });
});

it.each([
  ['http://bridge.example', 'bridge.example', true],
  ['https://bridge.example:8080', 'bridge.example:8080', true],
  ['https://elsewhere.example', 'bridge.example', false],
  ['http://bridge.example:81', 'bridge.example', false],
  ['null', 'bridge.example', false],
  [undefined, 'bridge.example', false],
])('a form from %s is ours at %s: %s', (origin, host, isOwn) => {
  expect(isOwnForm({ headers: { origin, host } })).toBe(isOwn);
});
