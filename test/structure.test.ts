import { describe, expect, it } from 'vitest';
import { findCircle, folderGraph, folderOf, readImports } from '../scripts/folders.ts';

const imports = readImports();
const graph = folderGraph(imports);

/** What decides on data alone, with no network, no file and no stored state. */
const PURE = ['verdict', 'kernel-log', 'definition'];
const EFFECTS =
  /^(?:node:(?:fs|net|http|https|tls|dns|child_process|sqlite|worker_threads)\b|ws$|fastify$|kysely$)/;

/** What reaches other machines and programs. */
const WAYS_OUT = /^(?:node:(?:net|http|https|tls|dgram|child_process)|ws|nodemailer)$/;
/** What does work under leases, and so may reach others only while it asks core/acting.ts. */
const WORKS = [
  'core',
  'lava',
  'maestro',
  'kcidb',
  'storage',
  'engine',
  'intake',
  'lifecycle',
  'reporting',
  'notify',
];
/** These look and listen, and change nothing outside. */
const ONLY_LOOK = ['lava/events.ts', 'core/address.ts', 'core/fetch-limited.ts'];

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

  it('lets nothing act outside that does not ask whether it may', () => {
    const acting = imports.filter(({ to }) => WAYS_OUT.test(to));
    const asking = new Set(imports.filter(({ to }) => to === 'core/acting.ts').map(({ from }) => from));
    const files = new Set(
      acting
        .map(({ from }) => from)
        .filter((from) => WORKS.includes(folderOf(from)) && !ONLY_LOOK.includes(from)),
    );
    expect(files.size).toBeGreaterThan(2);
    expect([...files].filter((file) => !asking.has(file))).toEqual([]);
  });

  it('lets verdict know no system but LAVA', () => {
    const systems = [...(graph.get('verdict') ?? [])].filter((target) => OUTSIDE.includes(target));
    expect(systems).toEqual(['lava']);
  });
});
