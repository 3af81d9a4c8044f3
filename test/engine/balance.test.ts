import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wantedHolders, type Worker } from '../../src/engine/balance.ts';

const LABS = Array.from({ length: 20 }, (_, i) => `lab ${String(i).padStart(2, '0')}`);
const ALL = [...LABS, 'destination kcidb', 'destination maestro', 'feed', 'maintenance'];
const worker = (id: string, names: readonly string[] = ALL): Worker => ({ id, names });

function loads(wanted: ReadonlyMap<string, string>, kind = ''): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, id] of wanted) if (name.startsWith(kind)) found[id] = (found[id] ?? 0) + 1;
  return found;
}

describe('work', () => {
  it('is all of the only process’s', () => {
    expect(loads(wantedHolders([worker('a')], new Map()))).toEqual({ a: ALL.length });
  });

  it('is shared evenly, labs among labs, by whoever is there', () => {
    const wanted = wantedHolders([worker('a'), worker('b'), worker('c')], new Map());
    expect(Object.values(loads(wanted, 'lab')).toSorted((a, b) => a - b)).toEqual([6, 7, 7]);
    expect(Object.values(loads(wanted)).toSorted((a, b) => a - b)).toEqual([8, 8, 8]);
  });

  it('stays where it is when a process dies, but for its own', () => {
    const before = wantedHolders([worker('a'), worker('b'), worker('c')], new Map());
    const left = new Map([...before].filter(([, id]) => id !== 'b'));
    const after = wantedHolders([worker('a'), worker('c')], left);
    for (const [name, id] of left) expect(after.get(name)).toBe(id);
    expect(after.size).toBe(ALL.length);
  });

  it('moves no more than it has to when a process comes', () => {
    const before = wantedHolders([worker('a')], new Map());
    const after = wantedHolders([worker('a'), worker('b')], before);
    const moved = [...after].filter(([name, id]) => before.get(name) !== id);
    expect(moved).toHaveLength(ALL.length / 2);
  });

  it('goes to no process that does not know it, and is left where none does', () => {
    const wanted = wantedHolders([worker('a', LABS), worker('b', ['lab x'])], new Map([['lab y', 'b']]));
    expect(wanted.get('lab x')).toBe('b');
    expect(wanted.has('lab y')).toBe(false);
    expect(loads(wanted)).toEqual({ a: 20, b: 1 });
  });

  it('is the same for each that works it out, and rests then', () => {
    const kinds = ['lab', 'destination', 'feed', 'maintenance'];
    const name = fc.tuple(fc.constantFrom(...kinds), fc.nat(9)).map(([kind, n]) => `${kind} ${n}`);
    const workers = fc.uniqueArray(
      fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), names: fc.uniqueArray(name, { maxLength: 25 }) }),
      { selector: ({ id }) => id, maxLength: 4 },
    );
    const holders = fc.array(fc.tuple(name, fc.constantFrom('a', 'b', 'c', 'gone')));
    fc.assert(
      fc.property(workers, holders, (all, held) => {
        const wanted = wantedHolders(all, new Map(held));
        const reversed = wantedHolders(all.toReversed(), new Map(held));
        expect(Object.fromEntries(wanted)).toEqual(Object.fromEntries(reversed));
        for (const [each, id] of wanted) expect(all.find((w) => w.id === id)?.names).toContain(each);
        expect(wanted.size).toBe(new Set(all.flatMap(({ names }) => names)).size);
        expect(wantedHolders(all, wanted)).toEqual(wanted);
      }),
    );
  });
});
