// Who is to do what work: each daemon works that out by itself, from what the database says, and comes to the same.

/** A living process, and the work that it can do by its configuration. */
export interface Worker {
  id: string;
  names: readonly string[];
}

/**
 * Which process is to hold each name: one that can do it, if any can. Of each kind of work (the first word of its name) each
 * process has as many as the others, or one more or less, where they can do the same; and as little as possible changes its
 * holder.
 */
export function wantedHolders(
  workers: readonly Worker[],
  holders: ReadonlyMap<string, string>,
): Map<string, string> {
  const abilities = new Map(workers.map(({ id, names }) => [id, new Set(names)]));
  const ids = [...abilities.keys()].toSorted();
  const names = inOrder(new Set(workers.flatMap((worker) => worker.names)));
  const wanted = new Map<string, string>();

  const can = (id: string, name: string): boolean => abilities.get(id)?.has(name) === true;
  const load = (id: string, kind?: string): number =>
    [...wanted].filter(([name, holder]) => holder === id && (kind === undefined || kindOf(name) === kind))
      .length;
  const leastLoaded = (name: string): string | undefined =>
    ids
      .filter((id) => can(id, name))
      .toSorted((a, b) => load(a, kindOf(name)) - load(b, kindOf(name)) || load(a) - load(b))[0];

  for (const name of names) {
    const holder = holders.get(name);
    if (holder !== undefined && can(holder, name)) wanted.set(name, holder);
  }
  for (const name of names) {
    const id = wanted.has(name) ? undefined : leastLoaded(name);
    if (id !== undefined) wanted.set(name, id);
  }
  // Each move makes the loads more equal, so there is an end.
  for (let moved = true; moved;) {
    moved = false;
    for (const [name, holder] of wanted) {
      const kind = kindOf(name);
      const other = leastLoaded(name);
      if (other === undefined) continue;
      const [more, less] = [load(holder, kind), load(other, kind)];
      // Work of which there is one of a kind goes where there is least to do at all.
      const isUneven = more - less >= 2 || (more > less && load(holder) - load(other) >= 2);
      if (!isUneven) continue;
      wanted.set(name, other);
      moved = true;
    }
  }
  return wanted;
}

/** The kinds of which there is most first, so that those of which there is little make the rest even. */
function inOrder(names: ReadonlySet<string>): string[] {
  const sizes = new Map<string, number>();
  for (const name of names) sizes.set(kindOf(name), (sizes.get(kindOf(name)) ?? 0) + 1);
  const sizeOf = (name: string): number => sizes.get(kindOf(name)) ?? 0;
  return [...names].toSorted().toSorted((a, b) => sizeOf(b) - sizeOf(a));
}

function kindOf(name: string): string {
  return name.split(' ', 1)[0] ?? name;
}
