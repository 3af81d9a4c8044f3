import { describe, expect, it } from 'vitest';
import { oneLine } from '../../src/core/answer-text.ts';
import { LONGEST_RETRY_AFTER, TemporaryError } from '../../src/core/errors.ts';
import { answerError, failureOf, retryAfterMs, type Explanations } from '../../src/core/http-answer.ts';

const EXPLANATIONS: Explanations = {
  busy: 'kcidb_busy',
  credentials: { code: 'kcidb_auth', hint: 'check the token' },
  refused: { code: 'kcidb_refused' },
};

function answer(status: number, body = '', headers: Record<string, string> = {}) {
  return { status, headers, body: Buffer.from(body) };
}

describe('a status', () => {
  it.each<[number, string]>([
    [408, 'busy'],
    [425, 'busy'],
    [429, 'busy'],
    [500, 'busy'],
    [503, 'busy'],
    [401, 'credentials'],
    [403, 'forbidden'],
    [404, 'missing'],
    [413, 'too_large'],
    [302, 'refused'],
    [400, 'refused'],
    [418, 'refused'],
  ])('%i is %s', (status, failure) => {
    expect(failureOf(status)).toBe(failure);
  });

  it('becomes the error that the system has for it, or the one for a refusal', () => {
    expect(answerError('GET here', answer(401, '{"detail":"no"}'), EXPLANATIONS)).toMatchObject({
      name: 'PermanentError',
      code: 'kcidb_auth',
      message: 'GET here: HTTP 401, no; check the token',
    });
    expect(answerError('GET here', answer(403), EXPLANATIONS)).toMatchObject({ code: 'kcidb_refused' });
    expect(answerError('GET here', answer(502), EXPLANATIONS)).toMatchObject({
      name: 'TemporaryError',
      code: 'kcidb_busy',
    });
  });

  it('says nothing of the body where it is not to be quoted', () => {
    const error = answerError('here', answer(500, 'inner secret'), EXPLANATIONS, { withoutText: true });

    expect(error.message).toBe('here: HTTP 500');
  });
});

describe('Retry-After', () => {
  const now = (): number => Date.parse('2026-08-21T10:00:00Z');

  it.each<[string, number | undefined]>([
    ['7', 7000],
    ['0', 0],
    ['Fri, 21 Aug 2026 10:00:30 GMT', 30_000],
    ['Fri, 21 Aug 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    ['-1 minute', undefined],
  ])('%j is %s ms', (value, expected) => {
    expect(retryAfterMs({ 'retry-after': value }, now)).toBe(expected);
  });

  it.each(['999999', '999999999999', 'Thu, 31 Dec 2099 23:59:59 GMT'])(
    'of %j is kept within reason',
    (value) => {
      const error = answerError('here', answer(503, '', { 'retry-after': value }), EXPLANATIONS);

      expect(error).toBeInstanceOf(TemporaryError);
      expect(error).toMatchObject({ retryAfterMs: LONGEST_RETRY_AFTER });
    },
  );
});

describe('text of others in a message', () => {
  it.each<[string, string]>([
    ['a\r\n\tb\x1b[31m\x00\u2028c', 'a b [31m c'],
    ['x'.repeat(1_000_000), `${'x'.repeat(500)}…`],
    [`${'x'.repeat(499)}😀`, `${'x'.repeat(499)}…`],
    ['half \ud800', 'half \ufffd'],
  ])('is one clean line, and short', (text, expected) => {
    expect(oneLine(text)).toBe(expected);
  });
});
