// Looks at the plan of every statement that any test runs on SQLite: none may read or sort a whole table. Loaded before
// the first test file of a process (hooks.ts), so that a new query is covered without being named anywhere.
import { DatabaseSync } from 'node:sqlite';

/** Tables that stay small, whatever the bridge does: a read of the whole table costs nothing. */
const SMALL = ['drains', 'sqlite_master'];

/** What is wrong with a plan; empty if nothing is. */
export function faultsOf(plan: readonly string[]): string[] {
  return plan.filter((step) => {
    if (step.startsWith('USE TEMP B-TREE')) return true;
    const scanned = /^SCAN (\w+)/.exec(step)?.[1];
    return (
      scanned !== undefined && !SMALL.includes(scanned) && !/^SCAN (CONSTANT ROW|\d+-ROW VALUES)/.test(step)
    );
  });
}

/** How SQLite would run a statement. */
export function planOf(database: DatabaseSync, text: string): string[] {
  const statement = explain.call(database, `EXPLAIN QUERY PLAN ${text}`);
  return statement.all().map((row) => String(row['detail']));
}

// oxlint-disable-next-line typescript/unbound-method -- it is called with the database as `this`
const explain = DatabaseSync.prototype.prepare;
const known = new Set<string>();

DatabaseSync.prototype.prepare = function (text, ...rest) {
  if (/^\s*(select|update|delete|insert|with)\b/i.test(text) && !known.has(text)) {
    // What is open in the outbox is found by an index, and then sorted.
    const isOutbox = text.includes('from "deliveries"');
    const faults = faultsOf(planOf(this, text)).filter((f) => !(isOutbox && f.startsWith('USE TEMP')));
    if (faults.length > 0) throw new Error(`no index serves this query (${faults.join('; ')}): ${text}`);
    known.add(text);
  }
  return explain.call(this, text, ...rest);
};
