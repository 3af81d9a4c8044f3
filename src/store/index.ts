// The store's public face.
export { openStore, StaleError, type Change, type JobFilter, type NewJob, type Store } from './store.ts';
export { openBlobs, type Blobs } from './blobs.ts';
export type {
  AttemptChange,
  AttemptRecord,
  CallbackRecord,
  DeliveryRecord,
  Drain,
  Entry,
  JobChange,
  JobRecord,
  NewDelivery,
  TimelineRecord,
} from './tables.ts';
