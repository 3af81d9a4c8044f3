// Stored times after the machine's clock was set back: none of them may be later than it is.
import { sql } from 'kysely';
import type { Tx } from './connection.ts';

/** Waiting for `longest` (ms) is the most; what has happened, has happened by now. Only what is open is looked at. */
export async function forgetFuture(tx: Tx, now: number, longest: number): Promise<void> {
  const until = now + longest;
  const open = sql`SELECT id FROM jobs WHERE done = 0`;
  const atMost = (column: string, most: number) => {
    const ref = sql.ref(column);
    return sql`${ref} = CASE WHEN ${ref} > ${most} THEN ${most} ELSE ${ref} END`;
  };
  // A job that was read before must be read again: when it is due was worked out from the old time.
  await sql`UPDATE jobs SET ${atMost('next_at', until)}, ${atMost('claimed_at', now)}, ${atMost('node_seen_at', now)},
      rev = rev + 1
    WHERE done = 0 AND (next_at > ${until} OR claimed_at > ${now} OR node_seen_at > ${now})`.execute(tx);
  await sql`UPDATE attempts SET ${atMost('sent_at', now)}, ${atMost('submitted_at', now)},
      ${atMost('cancel_at', now)}, ${atMost('missing_at', now)}
    WHERE job_id IN (${open})
      AND (sent_at > ${now} OR submitted_at > ${now} OR cancel_at > ${now} OR missing_at > ${now})`.execute(
    tx,
  );
  await sql`UPDATE callbacks SET received_at = ${now}
    WHERE job_id IN (${open}) AND received_at > ${now}`.execute(tx);
  await sql`UPDATE deliveries SET next_at = ${until}
    WHERE state IN ('pending', 'submitted') AND next_at > ${until}
      AND (tries > 0 OR state = 'submitted')`.execute(tx);
  await sql`UPDATE drains SET since = ${now} WHERE since > ${now}`.execute(tx);
  await sql`DELETE FROM device_spans WHERE to_at > ${now}`.execute(tx);
  // What is not to be sent before some time keeps its distance from when it was stored.
  await sql`UPDATE deliveries SET created_at = ${now},
      next_at = CASE WHEN next_at > created_at THEN CAST(${now} AS bigint) + next_at - created_at ELSE ${now} END
    WHERE state IN ('pending', 'submitted', 'unconfigured') AND created_at > ${now}`.execute(tx);
}
