import { expect, it } from 'vitest';
import { printable } from '../../src/core/printable.ts';
import { table } from '../../src/cli/print.ts';

it('prints what comes from outside as one line that a terminal does not obey', () => {
  expect(printable('a\u001b[2Jb\r\nc\u0007\u009b1m\u202ed ü 中')).toBe('a?[2Jb??c??1m?d ü 中');
  expect(
    table(
      ['NAME', 'WHY'],
      [
        ['x\ny', '\u001b]0;title\u0007'],
        ['plain', 'none'],
      ],
    ),
  ).toBe('NAME   WHY\nx?y    ?]0;title?\nplain  none');
});
