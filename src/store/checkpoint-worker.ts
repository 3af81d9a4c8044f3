// The thread that moves what was written from the write-ahead log into the database file, which waits for the disk: here
// nothing else does. Started by checkpoints.ts with the file's path; it ends with that.
import { stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';

/** How often the log is looked at (ms). */
const EVERY = 1000;
/** A log that is smaller is left alone (bytes). */
const FROM = 4 * 1024 * 1024;

const file = String(workerData);
const database = new DatabaseSync(file);

setInterval(() => {
  void stat(`${file}-wal`).then(
    // Passive: it waits for no writer and no reader, and what they keep it from is done the next time.
    ({ size }) => size >= FROM && database.exec('PRAGMA wal_checkpoint(PASSIVE)'),
    () => undefined,
  );
}, EVERY);
