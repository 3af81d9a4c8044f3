import { expect, it } from 'vitest';
import { maestroText } from '../../src/kernel-log/maestro-text.ts';

it.each<[string, string, string]>([
  ['stays as it is', '[    1.000000] x é 😀 \u2028', '[    1.000000] x é 😀'],
  ['is stripped at both ends', ' \t\x1c\x85\xa0x\r\n', 'x'],
  ['is empty if it is white space', ' \r\n\t', ''],
  ['shows escapes', '\x1b[31mred\x1b[0m', '^[[31mred^[[0m'],
  ['loses NUL', 'a\0b', 'ab'],
  ['has question marks for what is not printable', 'a\tb\rc\x07d\x7fe\x80f\xa0g\xadh', 'a?b?c?d?e?f?g?h'],
  ['keeps line breaks inside', 'a\r\nb', 'a?\nb'],
  ['is read the same if it is very long', 'a\tb\x1b\0é'.repeat(1000), 'a?b^[é'.repeat(1000)],
  ['keeps a byte order mark', '\ufeffx', '\ufeffx'],
])('a line %s', (_what, message, expected) => {
  expect(maestroText(message)).toBe(expected);
});
