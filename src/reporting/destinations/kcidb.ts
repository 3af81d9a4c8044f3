// Sends reports to KCIDB and follows each to the end: an accepted submission is only spooled, and KCIDB says later
// whether it took it. Resending is harmless: ids are stable, and KCIDB keeps the first value that it gets.
//
// KCIDB refuses a report as a whole, without a reason, and also for what came from others in the same moment. So one
// that failed is halved until what is bad in it stands alone; that is sent once more by itself, and then parked.
import { z } from 'zod';
import { PermanentError } from '../../core/errors.ts';
import { SECOND } from '../../core/time.ts';
import { KCIDB_LISTS } from '../../kcidb/schema.ts';
import type { KcidbSink } from '../../kcidb/sink.ts';
import type { DeliveryRecord } from '../../store/index.ts';
import type { Handler, Sent } from '../../engine/outbox.ts';

const FIRST_LOOK = 2 * SECOND;
const LOOK_AGAIN = 30 * SECOND;
/** At the end of a part's kind: it is one object, and was refused before. */
const ONCE_MORE = '.again';

const objects = z.array(z.unknown()).optional();
const Report = z.strictObject({
  version: z.unknown(),
  checkouts: objects,
  builds: objects,
  tests: objects,
  issues: objects,
  incidents: objects,
});
type Report = z.infer<typeof Report>;

export function createKcidbHandler(sink: KcidbSink): Handler {
  return (delivery) =>
    delivery.receipt === null ? submit(sink, delivery) : follow(sink, delivery, delivery.receipt);
}

async function submit(sink: KcidbSink, delivery: DeliveryRecord): Promise<Sent> {
  try {
    const { id } = await sink.submit(reportOf(delivery));
    if (id === undefined || sink.status === undefined) return { kind: 'done' };
    return { kind: 'taken', receipt: id, afterMs: FIRST_LOOK };
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'too_large') {
      return halved(delivery, 'KCIDB takes no report as large as this') ?? giveUp(error);
    }
    throw error;
  }
}

async function follow(sink: KcidbSink, delivery: DeliveryRecord, receipt: string): Promise<Sent> {
  const state = await sink.status?.(receipt);
  switch (state ?? 'processed') {
    case 'processed':
      return { kind: 'done', note: `submission ${receipt}` };
    case 'inprogress':
    case 'ready':
      return { kind: 'taken', receipt, afterMs: LOOK_AGAIN };
    case 'notfound':
      return { kind: 'anew', why: `KCIDB lost the submission ${receipt}` };
    case 'failed': {
      const why = `KCIDB could not take the submission ${receipt}, and tells no reason`;
      return (
        halved(delivery, why) ?? onceMore(delivery, why) ?? giveUp(new PermanentError('kcidb_failed', why))
      );
    }
  }
}

function giveUp(error: PermanentError): never {
  throw error;
}

function reportOf(delivery: DeliveryRecord): Report {
  return Report.parse(JSON.parse(delivery.body));
}

/** undefined: there is only one object in it. */
function halved(delivery: DeliveryRecord, why: string): Sent | undefined {
  const report = reportOf(delivery);
  const all = KCIDB_LISTS.flatMap((list) => (report[list] ?? []).map((object) => ({ list, object })));
  if (all.length < 2) return undefined;
  const middle = Math.ceil(all.length / 2);
  const parts = [all.slice(0, middle), all.slice(middle)].map((half, i) => {
    const part: Report = { version: report.version };
    for (const { list, object } of half) (part[list] ??= []).push(object);
    return { kind: `${delivery.kind}.${i + 1}`, body: JSON.stringify(part) };
  });
  return { kind: 'instead', parts, why };
}

/** undefined: that has been tried. */
function onceMore({ kind, body }: DeliveryRecord, why: string): Sent | undefined {
  if (kind.endsWith(ONCE_MORE)) return undefined;
  return { kind: 'instead', parts: [{ kind: kind + ONCE_MORE, body }], why };
}
