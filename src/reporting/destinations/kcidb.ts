// Sends reports to KCIDB and follows each to the end: an accepted submission is only spooled, and KCIDB says later
// whether it took it. Resending is harmless: ids are stable, and KCIDB keeps the first value that it gets.
//
// KCIDB refuses a report as a whole, without a reason, and also for what came from others in the same moment. So one
// that failed is halved until what is bad in it stands alone; that is sent once more by itself, and then parked.
import { z } from 'zod';
import { errorText, PermanentError, TemporaryError } from '../../core/errors.ts';
import { HOUR, MINUTE, rfc3339, SECOND } from '../../core/time.ts';
import { openSink } from '../../kcidb/open.ts';
import { KCIDB_LISTS, validateReport, type KcidbReport } from '../../kcidb/schema.ts';
import type { KcidbSink } from '../../kcidb/sink.ts';
import type { MaestroClient } from '../../maestro/client.ts';
import type { Sent } from '../../engine/outbox-ports.ts';
import type { SentDelivery } from '../../store/index.ts';
import { kcidbReporter } from '../audience.ts';
import type { Verdict } from '../../verdict/model.ts';
import type { JobEvent, JudgedEvent } from '../events.ts';
import { isTriedAgain, MAESTRO_RETRIES } from '../job-retry.ts';
import { endedContext, runContext } from '../kcidb-context.ts';
import { buildReport, startReport, supersededReport } from '../kcidb-report.ts';
import { NO_REPORTS, type Destination, type Parts, type Reports } from './destination.ts';

const FIRST_LOOK = 2 * SECOND;
const LOOK_AGAIN = 30 * SECOND;
/** The reports of a job: of the start and the end of a run, of the whole, and of what was judged again (at a time). */
type KcidbKind = 'report' | `correction ${string}` | `${'start' | 'end'} ${number}`;
/** At the end of a part's kind: it is one object, and was refused before. */
const ONCE_MORE = '.again';
/** Maestro says that it tries a job again, and sometimes does not (of two that fail close together): then it is reported after all. */
const RETRY_WITHIN = 3 * HOUR;

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

/** Where Maestro's next try of a job would be. */
const NextTry = z.strictObject({
  parent: z.string(),
  name: z.string(),
  platform: z.string(),
  counter: z.number(),
});
const Body = z.strictObject({
  report: Report,
  /** Sent only if Maestro has no such node. */
  unlessTriedAgain: NextTry.optional(),
});
type Body = z.infer<typeof Body>;

export function openKcidb(parts: Parts): Destination | { off: string } {
  const { config, now, signal, maestro, kcidbFirstLook = FIRST_LOOK } = parts;
  const sink = openSink(config, signal);
  if (sink === undefined) return { off: 'off: this bridge reports nothing to it' };
  return {
    name: 'kcidb',
    need: 'required',
    reports: (event) => reportsOn(event, config, now()),
    send: (delivery) =>
      send({ sink, maestro, firstLook: kcidbFirstLook }, Body.parse(delivery.body), delivery),
    check: async () => [{ state: 'ok', text: await sink.check() }],
  };
}

function reportsOn(event: JobEvent, config: Parts['config'], now: number): Reports {
  if (event.kind === 'submitted' || event.kind === 'not-wanted') return NO_REPORTS;
  const { progress, tries } = config.report;
  if (event.kind !== 'judged' && !progress) return NO_REPORTS;
  const reporter = kcidbReporter(event.request, config);
  if (reporter.kind !== 'ours') {
    if (event.kind !== 'judged') return NO_REPORTS;
    const text = `KCIDB gets no report: ${reporter.why}`;
    return { deliveries: [], entries: [{ kind: 'report', code: 'no_report', text }] };
  }
  switch (event.kind) {
    case 'started': {
      const context = runContext(event, event.attempt, event.startedAt);
      return checked(startReport(event.bootPath, context), `start ${event.attempt.n}`);
    }
    case 'superseded': {
      if (event.attempt === undefined) return NO_REPORTS;
      return checked(
        supersededReport(withStart(event), endedContext(event, undefined)),
        `end ${event.attempt.n}`,
      );
    }
    case 'judged': {
      const verdict = progress ? withStart(event) : event.verdict;
      const report = buildReport(verdict, endedContext(event, event.logs));
      const nextTry = tries === 'last' ? nextTryOf(event) : undefined;
      const kind: KcidbKind = event.correction === undefined ? 'report' : `correction ${event.correction.at}`;
      if (nextTry === undefined) return checked(report, kind);
      const notBefore = now + RETRY_WITHIN;
      const withheld = checked(report, kind, { unlessTriedAgain: nextTry, notBefore });
      const text = `Maestro tries it again (its retry ${nextTry.counter} of ${MAESTRO_RETRIES}): KCIDB gets this one only if Maestro has not by ${rfc3339(notBefore)} (report.tries is last)`;
      return {
        ...withheld,
        entries: [...(withheld.entries ?? []), { kind: 'report', code: 'held_back', text }],
      };
    }
  }
}

/**
 * KCIDB keeps the first start time of the boot test, which was LAVA's for the job, in whole seconds: the end says it
 * again.
 */
function withStart({ verdict, evidence }: JudgedEvent): Verdict {
  const startedAt = evidence.lava?.startedAt;
  if (startedAt === undefined) return verdict;
  return { ...verdict, boot: { ...verdict.boot, startedAt: Math.floor(startedAt / SECOND) * SECOND } };
}

/** Maestro's own bridge reports of what Maestro tries again the last try alone (kernelci-pipeline src/send_kcidb.py). */
function nextTryOf({
  job,
  request,
  verdict,
}: Extract<JobEvent, { kind: 'judged' }>): z.infer<typeof NextTry> | undefined {
  const { node } = request;
  const tries = node.retry_counter ?? 0;
  if (!job.isClaimed || !isTriedAgain(job.name, verdict.node.result, tries)) return undefined;
  if (typeof node.parent !== 'string') return undefined;
  return { parent: node.parent, name: node.name, platform: job.board, counter: tries + 1 };
}

/** The report without the objects that KCIDB would refuse, which go into the timeline. */
function checked(
  report: KcidbReport,
  kind: KcidbKind,
  more: { unlessTriedAgain?: z.infer<typeof NextTry>; notBefore?: number } = {},
): Reports {
  const { report: good, rejected } = validateReport(report);
  const { unlessTriedAgain, notBefore } = more;
  const body: Body = { report: good, ...(unlessTriedAgain === undefined ? {} : { unlessTriedAgain }) };
  return {
    deliveries: [{ kind, body, notBefore }],
    entries: rejected.map((r) => ({
      kind: 'error',
      code: 'left_out',
      text: `left out of the report: ${r.list} ${r.reasons.join('; ')}`,
    })),
  };
}

interface SendParts {
  sink: KcidbSink;
  maestro: MaestroClient | undefined;
  firstLook: number;
}

async function send(
  { sink, maestro, firstLook }: SendParts,
  { report, unlessTriedAgain }: Body,
  delivery: SentDelivery,
): Promise<Sent> {
  if (delivery.state === 'submitted') return follow(sink, delivery, delivery.receipt, report);
  if (unlessTriedAgain !== undefined && maestro !== undefined) {
    const answer = await whetherTriedAgain(unlessTriedAgain, maestro);
    if (answer !== undefined) return answer;
  }
  return submit(sink, delivery, report, firstLook);
}

/** undefined: Maestro has not tried it again. */
async function whetherTriedAgain(
  { parent, name, platform, counter }: z.infer<typeof NextTry>,
  maestro: MaestroClient,
): Promise<Sent | undefined> {
  const filter = { parent, name, 'data.platform': platform, retry_counter: counter };
  try {
    const { nodes } = await maestro.findNodes(filter, { limit: 1 });
    const [next] = nodes;
    return next && { kind: 'dropped', why: `Maestro tried it again as node ${next.id}` };
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error;
    // KCIDB is not to blame for it.
    return { kind: 'later', afterMs: MINUTE, why: `whether Maestro tried it again: ${errorText(error)}` };
  }
}

async function submit(
  sink: KcidbSink,
  delivery: SentDelivery,
  report: Report,
  firstLook: number,
): Promise<Sent> {
  try {
    const { id } = await sink.submit(report);
    if (id === undefined || sink.status === undefined) return { kind: 'done' };
    return { kind: 'taken', receipt: id, afterMs: firstLook };
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'too_large') {
      return halved(delivery, report, 'KCIDB takes no report as large as this') ?? giveUp(error);
    }
    throw error;
  }
}

async function follow(
  sink: KcidbSink,
  delivery: SentDelivery,
  receipt: string,
  report: Report,
): Promise<Sent> {
  const state = await sink.status?.(receipt);
  switch (state ?? 'processed') {
    case 'processed':
      return { kind: 'done', note: `submission ${receipt}` };
    case 'inprogress':
    case 'ready':
      return { kind: 'taken', receipt, afterMs: LOOK_AGAIN };
    case 'notfound':
      return { kind: 'resend', why: `KCIDB lost the submission ${receipt}` };
    case 'failed': {
      const why = `KCIDB could not take the submission ${receipt}, and gives no reason`;
      return (
        halved(delivery, report, why) ??
        onceMore(delivery, report, why) ??
        giveUp(new PermanentError('kcidb_failed', why))
      );
    }
  }
}

function giveUp(error: PermanentError): never {
  throw error;
}

/** undefined: there is only one object in it. */
function halved({ kind }: SentDelivery, report: Report, why: string): Sent | undefined {
  const all = KCIDB_LISTS.flatMap((list) => (report[list] ?? []).map((object) => ({ list, object })));
  if (all.length < 2) return undefined;
  const middle = Math.ceil(all.length / 2);
  const parts = [all.slice(0, middle), all.slice(middle)].map((half, i) => {
    const part: Report = { version: report.version };
    for (const { list, object } of half) (part[list] ??= []).push(object);
    return { kind: `${kind}.${i + 1}`, body: { report: part } satisfies Body };
  });
  return { kind: 'instead', parts, why };
}

/** undefined: that has been tried. */
function onceMore({ kind }: SentDelivery, report: Report, why: string): Sent | undefined {
  if (kind.endsWith(ONCE_MORE)) return undefined;
  return { kind: 'instead', parts: [{ kind: kind + ONCE_MORE, body: { report } satisfies Body }], why };
}
