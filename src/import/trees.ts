// KernelCI's build configs: which branches of which trees are built, and how urgent each is.
import type { z } from 'zod';
import { Priority, type TreePriority } from '../catalog/plan-schema.ts';
import type { Importing } from './context.ts';
import { priorityWord } from './jobs.ts';
import { BuildConfig } from './schema.ts';
import { checkEntries, type Entry } from './source.ts';

const KIND = 'tree priorities';

type TreeEntry = z.input<typeof TreePriority>;

export interface Trees {
  priorities: TreeEntry[];
  /** Every branch that is built. */
  built: Entry<BuildConfig>[];
}

/** The priorities of the branches that have one; kernelci-core looks for tree and branch alike. */
export function importTrees({ source, ledger }: Importing): Trees {
  const built = checkEntries(source.entries('build_configs'), BuildConfig, (entry, reason) =>
    ledger.left(KIND, entry.name, reason),
  );
  const priorities: TreeEntry[] = [];
  for (const { name, value } of built) {
    const { tree, branch } = value;
    if (value.priority === undefined) continue;
    const priority = priorityWord(value.priority);
    if (Priority.safeParse(priority).success) {
      ledger.over(KIND);
      priorities.push({ tree, branch, priority: priority as TreeEntry['priority'] });
    } else {
      ledger.left(KIND, name, `priority ${String(priority)} is neither low, medium, high nor 0 to 100`);
    }
  }
  return { priorities, built };
}
