import { expect, it } from 'vitest';
import { nearest } from '../../src/core/nearest.ts';

const NAMES = ['prompts', 'auto_login', 'u-boot', 'grub', 'grub-efi'];

it.each([
  ['promts', 'prompts'],
  ['prompst', 'prompts'],
  ['Prompts', 'prompts'],
  ['uboot', 'u-boot'],
  ['autologin', 'auto_login'],
  ['gurb', 'grub'],
])('takes %s for %s', (word, name) => {
  expect(nearest(word, NAMES)).toBe(name);
});

it.each(['x', 'depthcharge', 'console'])('takes %s for none of them', (word) => {
  expect(nearest(word, NAMES)).toBeUndefined();
});
