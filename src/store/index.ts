// The store's public face.
export { openStore } from './store.ts';
export { StaleError, type Change, type JobFilter, type Line, type NewJob, type Store } from './contract.ts';
export { blobFolder, openBlobs, type Blobs } from './blobs.ts';
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
