import { describe, expect, it } from 'vitest';
import { findCircle, folderGraph, folderOf, readImports } from '../scripts/folders.ts';

const imports = readImports();
const graph = folderGraph(imports);

/** What decides on data alone, with no network, no file and no stored state. */
const PURE = ['verdict', 'kernel-log', 'definition'];
const EFFECTS =
  /^(?:node:(?:fs|net|http|https|tls|dns|child_process|sqlite|worker_threads)\b|got$|ws$|fastify$|kysely$)/;

/** The outside systems: they know no jobs. */
const OUTSIDE = ['lava', 'maestro', 'kcidb', 'storage'];
const JOBS = ['lifecycle', 'intake', 'reporting', 'store', 'engine', 'verdict', 'http', 'cli'];

describe('the structure of src/', () => {
  it('has no circle among its folders', () => {
    expect(findCircle(graph)).toBeUndefined();
  });

  it('finds a circle where there is one', () => {
    const circle = new Map([
      ['a', new Set(['b'])],
      ['b', new Set(['c'])],
      ['c', new Set(['b'])],
    ]);
    expect(findCircle(circle)).toEqual(['b', 'c', 'b']);
  });

  it.each(PURE)('keeps %s free of network, files and processes', (folder) => {
    const effects = imports.filter(({ from, to }) => folderOf(from) === folder && EFFECTS.test(to));
    expect(effects).toEqual([]);
  });

  it.each(OUTSIDE)('keeps %s free of jobs', (folder) => {
    expect([...(graph.get(folder) ?? [])].filter((target) => JOBS.includes(target))).toEqual([]);
  });

  it('lets the engine know nothing but core', () => {
    expect([...(graph.get('engine') ?? [])].filter((target) => target !== 'core')).toEqual([]);
  });

  it('lets verdict know no system but LAVA', () => {
    const systems = [...(graph.get('verdict') ?? [])].filter((target) => OUTSIDE.includes(target));
    expect(systems).toEqual(['lava']);
  });
});
