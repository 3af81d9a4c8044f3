// The store's public face.
export { openStore, type StorePlace } from './store.ts';
export { openState, type State } from './state.ts';
export { disksOf, type Disk } from './disks.ts';
export { checkDatabase, LOST_BEFORE, storesSetAside, type Damage } from './damage.ts';
export { isDamage } from './sqlite-errors.ts';
export { isOtherDatabase } from './other-database.ts';
export {
  StaleError,
  type Change,
  type JobQueue,
  type LeasedStore,
  type SecondJob,
  type Store,
} from './contract.ts';
export { configurationState, LEASE_TTL, type LeaseStore } from './lease-contract.ts';
export type { FoundIssue, JudgedRun, RunRecord, TestRecord } from './run.ts';
export type { DeviceSpan, SeenDevice } from './devices.ts';
export type { News } from './feed.ts';
export { openReader } from './open-reader.ts';
export type { Cursor, JobFilter, Reader, Totals } from './reader.ts';
export { toReasonCode } from './rows.ts';
export { blobFolder, isBlobLost, openBlobs, type Blobs } from './blobs.ts';
export {
  halfOf,
  stageAfter,
  STAGES,
  StoredVerdict,
  type AttemptChange,
  type AttemptRecord,
  type CallbackRecord,
  type Drain,
  type Entry,
  type EvidenceSource,
  type Half,
  type JobChange,
  type JobRecord,
  type ListedJob,
  type NewAttempt,
  type NewJob,
  type Reason,
  type StageName,
  type TimelineRecord,
} from './job.ts';
export {
  NOT_ENDED,
  type DeliveryRecord,
  type DeliveryStep,
  type DueDelivery,
  type SentDelivery,
  type NewDelivery,
} from './delivery-contract.ts';
