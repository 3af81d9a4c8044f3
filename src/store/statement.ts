// Statements that each job needs again and again: built and compiled once for a database, and then run with other values. What
// is asked for seldom, or in many forms, is built by kysely each time: that takes longer than SQLite takes to answer.
import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** Where a value goes that is given as the statement runs. */
export class Slot {
  readonly #name: string;
  readonly #convert: (value: unknown) => unknown;

  constructor(name: string, convert: (value: unknown) => unknown = (value) => value) {
    this.#name = name;
    this.#convert = convert;
  }

  /** The same, whose values are stored in another form. */
  through(convert: (value: unknown) => unknown): Slot {
    return new Slot(this.#name, convert);
  }

  /** What is to be stored, of all that the statement is run with. */
  valueIn(values: object): unknown {
    return this.#convert(Reflect.get(values, this.#name));
  }
}

/** Has a slot for each name. */
const SLOTS: unknown = new Proxy({}, { get: (_target, name) => new Slot(String(name)) });

/** Runs a statement with these values, and gives its rows. */
type Statement<V, O> = (db: Kysely<Tables>, values: V) => Promise<O[]>;

/**
 * A statement: `build` is called once for each database, and with stand-ins for the values: it puts them into the query, and must
 * not look at them.
 */
export function statement<V extends object, O>(
  build: (db: Kysely<Tables>, values: V) => Compilable<O>,
): Statement<V, O> {
  const compiled = new WeakMap<object, CompiledQuery<O>>();
  return async (db, values) => {
    const { adapter } = db.getExecutor();
    const known = compiled.get(adapter) ?? build(db, SLOTS as V).compile();
    compiled.set(adapter, known);
    const parameters = known.parameters.map((one) => (one instanceof Slot ? one.valueIn(values) : one));
    return (await db.executeQuery<O>({ ...known, parameters })).rows;
  };
}

/**
 * A statement that writes a row of which not all columns are given each time: it is built once for each set of them. None of the
 * other values may be called as a column.
 */
export function rowStatement<V extends object, R extends object, O>(
  build: (db: Kysely<Tables>, values: V, row: R) => Compilable<O>,
): (db: Kysely<Tables>, values: V, row: R) => Promise<O[]> {
  const made = new Map<string, Statement<V & R, O>>();
  return (db, values, row) => {
    const columns = Object.keys(row).filter((name) => Reflect.get(row, name) !== undefined);
    const key = columns.join(' ');
    const known =
      made.get(key) ?? statement<V & R, O>((own, given) => build(own, given, pick(given, columns)));
    made.set(key, known);
    return known(db, { ...row, ...values });
  };
}

/** These columns of a row, of which it is not known which it has. */
function pick<R extends object>(row: R, columns: readonly string[]): R {
  return Object.fromEntries(columns.map((name) => [name, Reflect.get(row, name) as unknown])) as R;
}
