import { expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../src/core/errors.ts';
import { parseYaml } from '../../src/core/yaml-file.ts';

const Anything = z.record(z.string(), z.unknown());

function problems(text: string): unknown {
  try {
    return parseYaml('x.yaml', text, Anything).value;
  } catch (error) {
    return error instanceof ConfigError
      ? error.problems.map(({ line, column }) => [line, column])
      : String(error);
  }
}

it.each<[string, string, [number, number][]]>([
  ['a value', 'a: 1\nb: "x\\ud800"\n', [[2, 4]]],
  ['a key', '"\\udfff": 1\n', [[1, 1]]],
  ['items of a list', 'a:\n- "\\ud800\\ud800"\n- ok\n- "\\udc00"\n', [[2, 3], [4, 3]]], // prettier-ignore
])('half a character in %s is a mistake at its place', (_what, text, places) => {
  expect(problems(text)).toEqual(places);
});

it('whole characters of two halves are none', () => {
  expect(problems('a: "\\ud83d\\ude00 \u{1f600}"\n')).toEqual({ a: '\u{1f600} \u{1f600}' });
});

it.each<[string, string, unknown]>([
  ['an alias of what is not there', 'a: 1\nb: *x\n', [[2, 4]]],
  ['an alias within what it stands for', 'a: &x [*x]\n', [[1, 8]]],
  ['aliases that stand for too much', bomb(12), [[undefined, undefined]]],
])('%s is a mistake in the file', (_what, text, places) => {
  expect(problems(text)).toEqual(places);
});

/** Each list holds the one before it many times. */
function bomb(levels: number): string {
  const lists = Array.from({ length: levels }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(8)}]`);
  return `l0: &l0 [x]\n${lists.join('\n')}\n`;
}
