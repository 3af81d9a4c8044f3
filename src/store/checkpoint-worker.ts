// The thread that moves what was written from the write-ahead log into the database file, which waits for the disk: here
// nothing else does. Started by checkpoints.ts with the file's path; moves with each message.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const database = new DatabaseSync(String(workerData));

parentPort?.on('message', () => {
  // Passive: it waits for no writer and no reader, and what they keep it from is done the next time.
  database.exec('PRAGMA wal_checkpoint(PASSIVE)');
});
