// Stored times after the machine's clock was set back: none of them may be later than it is.
import { sql } from 'kysely';
import type { Tx } from './connection.ts';

/** Waiting for `longest` (ms) is the most; what has happened, has happened by now. Only what is open is looked at. */
export async function forgetFuture(tx: Tx, now: number, longest: number): Promise<void> {
  const until = now + longest;
  const open = sql`SELECT id FROM jobs WHERE done = 0`;
  // A job that was read before must be read again: when it is due was worked out from the old time.
  await sql`UPDATE jobs SET next_at = min(next_at, ${until}), claimed_at = min(claimed_at, ${now}),
      node_seen_at = min(node_seen_at, ${now}), rev = rev + 1
    WHERE done = 0 AND (next_at > ${until} OR claimed_at > ${now} OR node_seen_at > ${now})`.execute(tx);
  await sql`UPDATE attempts SET sent_at = min(sent_at, ${now}), submitted_at = min(submitted_at, ${now}),
      cancel_at = min(cancel_at, ${now}), missing_at = min(missing_at, ${now})
    WHERE job_id IN (${open})
      AND (sent_at > ${now} OR submitted_at > ${now} OR cancel_at > ${now} OR missing_at > ${now})`.execute(
    tx,
  );
  await sql`UPDATE callbacks SET received_at = ${now}
    WHERE job_id IN (${open}) AND received_at > ${now}`.execute(tx);
  await sql`UPDATE deliveries SET next_at = ${until}
    WHERE state IN ('pending', 'submitted') AND next_at > ${until}
      AND (tries > 0 OR state = 'submitted')`.execute(tx);
  // What is not to be sent before some time keeps its distance from when it was stored.
  await sql`UPDATE deliveries SET next_at = ${now} + max(0, next_at - created_at), created_at = ${now}
    WHERE state IN ('pending', 'submitted', 'unconfigured') AND created_at > ${now}`.execute(tx);
}
