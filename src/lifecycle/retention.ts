// What is kept of jobs that have ended, by age and by size, each of its own: what the database has, LAVA's logs (evidence), and
// the logs for people. The oldest goes first, what is open stays, and what becomes free goes back to the disk. Daily totals
// outlive it all.
import type { BridgeConfig, RetentionConfig } from '../config/schema.ts';
import type { Clock } from '../core/time.ts';
import type { OpenLogs } from '../storage/open.ts';
import { blobFolder, type Blobs, type LeasedStore } from '../store/index.ts';

/** What retention uses. */
export interface RetentionPorts {
  store: Pick<LeasedStore, 'forget' | 'forgetDevices' | 'dropLogs' | 'size' | 'shrink' | 'lease'>;
  blobs: Pick<Blobs, 'list' | 'remove'>;
  logs: Pick<OpenLogs, 'local'>;
  config: Pick<BridgeConfig, 'retention'>;
  now: Clock;
}

/** So many jobs go at once: each takes a millisecond, in which nothing else is stored. */
const PIECE = 20;

/** Removes what is older, or more, than is kept. */
export async function keepWithin(ports: RetentionPorts): Promise<void> {
  const { retention } = ports.config;
  const { max_age: maxAgeMs, max_size: maxBytes } = retention.logs;
  await ports.logs.local?.sweep(ports.now(), { maxAgeMs, maxBytes });
  await keepJobs(retention.jobs, ports);
  await ports.store.forgetDevices(ports.now() - retention.jobs.max_age);
  await keepEvidence(retention.evidence, ports);
  while (await ports.store.shrink());
}

async function keepJobs(
  { max_age, max_size }: RetentionConfig['jobs'],
  ports: RetentionPorts,
): Promise<void> {
  while ((await forget(ports.now() - max_age, PIECE, ports)) === PIECE);
  while ((await ports.store.size()).used > max_size) {
    if ((await forget(Number.MAX_SAFE_INTEGER, PIECE, ports)) === 0) return;
  }
}

/** The oldest ended jobs, with their files; how many they were. */
async function forget(before: number, limit: number, { store, blobs }: RetentionPorts): Promise<number> {
  const gone = await store.forget(before, limit);
  for (const id of gone) await blobs.remove(blobFolder(id));
  return gone.length;
}

async function keepEvidence(
  { max_age, max_size }: RetentionConfig['evidence'],
  { store, blobs, now }: RetentionPorts,
): Promise<void> {
  const jobs = new Map<string, { size: number; modifiedAt: number }>();
  let kept = 0;
  for (const { jobId, size, modifiedAt } of await blobs.list()) {
    const known = jobs.get(jobId) ?? { size: 0, modifiedAt: 0 };
    jobs.set(jobId, { size: known.size + size, modifiedAt: Math.max(known.modifiedAt, modifiedAt) });
    kept += size;
  }
  const oldestFirst = [...jobs].toSorted(([, a], [, b]) => a.modifiedAt - b.modifiedAt);
  for (const [id, { size, modifiedAt }] of oldestFirst) {
    const age = now() - modifiedAt;
    if (age <= max_age && kept <= max_size) return;
    // First the record, then the files: what a crash leaves in between goes the next time.
    if (!(await store.dropLogs(id))) continue;
    await blobs.remove(blobFolder(id));
    kept -= size;
  }
}
