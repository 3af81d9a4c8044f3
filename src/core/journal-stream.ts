// Whether what we write goes to systemd's journal.
import { fstatSync } from 'node:fs';

/** Whether this file of ours (1: standard output, 2: standard error) is systemd's journal. */
export function isJournal(fd: 1 | 2, env: NodeJS.ProcessEnv = process.env): boolean {
  const stream = env['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return stream === `${dev}:${ino}`;
}
