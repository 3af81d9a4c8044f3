// The names of what is under way, as the crash guard notes them.

/** A job is noted by its id, which has no space; all else with whose it is. */
export type WorkItem = { kind: 'job'; id: string } | { kind: 'delivery' | 'node'; id: string; of: string };

/** `delivery 7 of lab:5f…`, or the job's id. */
export function itemName(item: WorkItem): string {
  return item.kind === 'job' ? item.id : `${item.kind} ${item.id} of ${item.of}`;
}

/** What a name stands for. */
export function itemOf(name: string): WorkItem {
  const [, kind, id = '', of = ''] = /^(delivery|node) (\S+) of (.+)$/.exec(name) ?? [];
  return kind === 'delivery' || kind === 'node' ? { kind, id, of } : { kind: 'job', id: name };
}
