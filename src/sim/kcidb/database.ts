// What the ingester makes of reports: objects whose first value stays (kernelci/dashboard, kcidbng_ingester.py and
// insert_queries.py, August 2026).
import { z } from 'zod';

const LISTS = ['checkouts', 'builds', 'tests', 'issues', 'incidents'] as const;
export type ListName = (typeof LISTS)[number];

export type KcidbObject = Record<string, unknown>;

const Report = z.looseObject(
  Object.fromEntries(LISTS.map((list) => [list, z.array(z.record(z.string(), z.unknown())).default([])])),
);

// Nested objects whose parts are columns of their own; `misc` is a single column, and so are the lists.
const FLATTENED = new Set(['environment', 'number', 'culprit']);

/** Whether something has the outer shape of a report. */
export function isReport(value: unknown): boolean {
  return Report.safeParse(value).success;
}

export interface KcidbDatabase {
  /** The merged objects of one kind, in the order in which they came. */
  objects: (list: ListName) => KcidbObject[];
  find: (list: ListName, id: string) => KcidbObject | undefined;
  /** Takes all reports of one transaction, or (with an error for people) none. */
  insert: (reports: unknown[]) => string | undefined;
}

export function createKcidbDatabase(): KcidbDatabase {
  const tables = new Map(LISTS.map((list) => [list, new Map<string, KcidbObject>()]));
  const table = (list: ListName): Map<string, KcidbObject> => tables.get(list) ?? new Map();

  return {
    objects: (list) => [...table(list).values()],
    find: (list, id) => table(list).get(id),
    insert: (reports) => {
      const rows = reports.flatMap((report) => {
        const parsed: Record<string, KcidbObject[]> = Report.parse(report);
        return LISTS.flatMap((list) => (parsed[list] ?? []).map((object) => ({ list, object })));
      });
      for (const { list, object } of rows) {
        const refusal = refusedByColumn(object);
        if (refusal !== undefined) return `${list} ${String(object['id'])}: ${refusal}`;
      }
      for (const { list, object } of rows) {
        // Issues conflict on the id alone: a higher version changes nothing but what was missing.
        const id = String(object['id']);
        const old = table(list).get(id);
        table(list).set(id, old === undefined ? object : merge(old, object));
      }
      return undefined;
    },
  };
}

const MAX_NAME = 100;
const MAX_INTEGER = 2 ** 31 - 1;

/** What the schema lets through and the database does not. */
function refusedByColumn(object: KcidbObject): string | undefined {
  const origin = object['origin'];
  if (typeof origin === 'string' && origin.length > MAX_NAME) return 'origin is too long';
  const platform = z
    .object({ environment: z.object({ misc: z.object({ platform: z.string() }) }) })
    .safeParse(object);
  if (platform.success && platform.data.environment.misc.platform.length > MAX_NAME) {
    return 'platform is too long';
  }
  for (const key of ['version', 'issue_version']) {
    const version = object[key];
    if (typeof version === 'number' && version > MAX_INTEGER) return `${key} is out of range`;
  }
  return hasNul(object) ? 'unsupported Unicode escape sequence' : undefined;
}

function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  return typeof value === 'object' && value !== null && Object.values(value).some(hasNul);
}

/** COALESCE(old, new), column by column. */
function merge(old: KcidbObject, next: KcidbObject): KcidbObject {
  const merged: KcidbObject = { ...old };
  for (const [key, value] of Object.entries(next)) {
    const before = old[key];
    if (before === undefined || before === null) merged[key] = value;
    else if (FLATTENED.has(key) && isObject(before) && isObject(value)) merged[key] = merge(before, value);
  }
  return merged;
}

function isObject(value: unknown): value is KcidbObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
