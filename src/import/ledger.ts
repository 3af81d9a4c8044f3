// The books of an import: how many of each kind there were, which came over, why the others did not, and what came over
// otherwise than it was. Nothing is left out without a line here.

/** Things of one kind that share a reason. */
export interface Remark {
  kind: string;
  reason: string;
  names: string[];
}

export interface Count {
  kind: string;
  found: number;
  over: number;
}

export interface Ledger {
  /** One of a kind came over. */
  over(kind: string): void;
  /** One of a kind did not, for this reason. */
  left(kind: string, name: string, reason: string): void;
  /** Something that the admin should know of what came over. */
  note(kind: string, name: string, text: string): void;
  counts(): Count[];
  notBrought(): Remark[];
  notes(): Remark[];
}

/** Empty books. */
export function createLedger(): Ledger {
  const counts = new Map<string, Count>();
  const left = new Map<string, Remark>();
  const noted = new Map<string, Remark>();

  function count(kind: string): Count {
    const known = counts.get(kind) ?? { kind, found: 0, over: 0 };
    counts.set(kind, known);
    known.found += 1;
    return known;
  }

  return {
    over: (kind) => {
      count(kind).over += 1;
    },
    left: (kind, name, reason) => {
      count(kind);
      remark(left, kind, name, reason);
    },
    note: (kind, name, text) => remark(noted, kind, name, text),
    counts: () => [...counts.values()],
    notBrought: () => [...left.values()],
    notes: () => [...noted.values()],
  };
}

function remark(remarks: Map<string, Remark>, kind: string, name: string, reason: string): void {
  const key = `${kind}\n${reason}`;
  const known = remarks.get(key) ?? { kind, reason, names: [] };
  remarks.set(key, known);
  if (!known.names.includes(name)) known.names.push(name);
}
