// Rows of the database and the records that are made of them: each word is checked and each JSON text read here, once,
// so that no caller has to.
import { z } from 'zod';
import { BridgeError, errorText } from '../core/errors.ts';
import { isReasonCode, type ReasonCode } from '../core/reason-codes.ts';
import type { LavaJob } from '../lava/model.ts';
import { JobRequest } from '../maestro/request.ts';
import { LAYERS } from '../verdict/layers.ts';
import { ENDING_KINDS, RULE_NAMES, type Ending, type ExpectedTests } from '../verdict/model.ts';
import { ERROR_CODES, NODE_RESULTS } from '../verdict/node-result.ts';
import {
  ENTRY_KINDS,
  EVIDENCE_SOURCES,
  LAVA_STATES,
  SOURCES,
  STAGES,
  StoredVerdict,
  type AttemptChange,
  type AttemptRecord,
  type CallbackRecord,
  type JobChange,
  type JobRecord,
  type ListedJob,
  type NewAttempt,
  type Outline,
  type StageName,
  type TimelineRecord,
} from './job.ts';
import type { AttemptRow, CallbackRow, JobRow, TimelineRow } from './tables.ts';

/** The columns of a JobRecord. */
export const JOB_COLUMNS = [
  'id',
  'lab',
  'nodeId',
  'source',
  'name',
  'board',
  'stage',
  'done',
  'setAside',
  'ending',
  'reasonCode',
  'reason',
  'cancel',
  'supersededBy',
  'priority',
  'tries',
  'nextAt',
  'rev',
  'claimedAt',
  'nodeSeenAt',
  'receivedAt',
  'updatedAt',
  'stageAt',
] as const;
/** The columns of a ListedJob. */
export const LISTED_COLUMNS = [
  ...JOB_COLUMNS,
  'tree',
  'branch',
  'commitHash',
  'build',
  'device',
  'lavaId',
  'result',
  'rule',
  'layer',
  'verdict',
] as const;

const Source = z.enum(SOURCES);
const Stage = z.enum(STAGES);
const LavaStateWord = z.enum(LAVA_STATES);
const EvidenceWord = z.enum(EVIDENCE_SOURCES);
const EntryKindWord = z.enum(ENTRY_KINDS);

const StoredEnding = z
  .object({
    kind: z.enum(ENDING_KINDS),
    code: z.string().refine(isReasonCode),
    reason: z.string(),
    errorCode: z.enum(ERROR_CODES).optional(),
  })
  .transform(({ errorCode, ...rest }): Ending => (errorCode === undefined ? rest : { ...rest, errorCode }));

const StoredExpectedTests: z.ZodType<ExpectedTests> = z.object({
  bootPath: z.enum(['boot', 'boot.nfs']),
  roots: z.array(
    z.object({ path: z.string(), definitions: z.array(z.string()), measurements: z.array(z.string()) }),
  ),
  helpers: z.array(z.string()),
  job: z.string().optional(),
});

/** Its words were checked when they came in from LAVA; thousands of cases are not checked again one by one. */
const StoredLavaJob = z.custom<LavaJob>(
  (v) => z.looseObject({ id: z.number(), cases: z.array(z.unknown()) }).safeParse(v).success,
);

/** null for a word that this version does not know. */
export function toReasonCode(word: string | null): ReasonCode | null {
  return word !== null && isReasonCode(word) ? word : null;
}

/** The counted rows of jobs, without those of a stage that this version does not know. */
export function ofKnownStages<R extends { stage: string }>(
  rows: readonly R[],
): (Omit<R, 'stage'> & { stage: StageName })[] {
  return rows.flatMap(({ stage: word, ...row }) => {
    const stage = STAGES.find((each) => each === word);
    return stage === undefined ? [] : [{ ...row, stage }];
  });
}

/** Throws BridgeError `store` naming what is not as it was written. */
function parse<T>(what: string, schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new BridgeError('store', `${what} in the store can't be read: ${errorText(error)}`, {
      cause: error,
    });
  }
}

/** Throws BridgeError `store` naming the word. */
function known<T>(what: string, schema: z.ZodType<T>, word: string): T {
  const { success, data } = schema.safeParse(word);
  if (success) return data;
  throw new BridgeError(
    'store',
    `${what} in the store is none that this version knows: ${word.slice(0, 100)}`,
  );
}

/** Throws BridgeError `store` if the row has a word that this version does not know, or JSON that is none. */
export function toJob(row: Omit<JobRow, keyof Outline | 'verdict'>): JobRecord {
  const { reasonCode, reason, ...rest } = row;
  return {
    ...rest,
    source: known(`the source of ${row.id}`, Source, row.source),
    stage: known(`the stage of ${row.id}`, Stage, row.stage),
    done: row.done === 1,
    setAside: row.setAside === 1,
    ending: row.ending === null ? null : parse(`the ending of ${row.id}`, StoredEnding, row.ending),
    reason: reason === null ? null : { code: toReasonCode(reasonCode) ?? 'internal', text: reason },
  };
}

const Result = z.enum(NODE_RESULTS).nullable();
const Rule = z.enum(RULE_NAMES).nullable();
const LayerWord = z.enum(LAYERS).nullable();

/** A row that can't be read is shown all the same, as set aside for that reason: a list is not to fail for it. */
export function toListedJob({ verdict, tree, branch, commitHash, build, device, ...row }: JobRow): ListedJob {
  const { lavaId, result, rule, layer, ...job } = row;
  const outline = {
    tree,
    branch,
    commitHash,
    build,
    device,
    lavaId,
    result: Result.catch(null).parse(result),
    rule: Rule.catch(null).parse(rule),
    layer: LayerWord.catch(null).parse(layer),
  };
  try {
    const stored = verdict === null ? null : parse(`the verdict of ${row.id}`, StoredVerdict, verdict);
    return { ...toJob(job), ...outline, verdict: stored };
  } catch (error) {
    return { ...unreadableJob(job, errorText(error)), ...outline, verdict: null };
  }
}

/** What can be shown of a row that can't be read. */
function unreadableJob(row: Omit<JobRow, keyof Outline | 'verdict'>, why: string): JobRecord {
  const { reasonCode: _code, reason: _text, ...rest } = row;
  const done = row.done === 1;
  return {
    ...rest,
    source: Source.catch('hand').parse(row.source),
    stage: Stage.catch(done ? 'reported' : 'received').parse(row.stage),
    done,
    setAside: !done,
    ending: null,
    reason: { code: 'store', text: why },
  };
}

/** What of a row changes; what is not there stays. */
export function jobValues({ done, ending, reason, ...rest }: JobChange): Partial<JobRow> {
  return {
    ...rest,
    ...(done === undefined ? {} : { done: done ? 1 : 0 }),
    ...(ending === undefined ? {} : { ending: ending === null ? null : JSON.stringify(ending) }),
    ...(reason === undefined ? {} : { reasonCode: reason?.code ?? null, reason: reason?.text ?? null }),
  };
}

export function toRequest(jobId: string, text: string): JobRequest {
  return parse(`the request of ${jobId}`, JobRequest, text);
}

export function toAttempt(row: AttemptRow): AttemptRecord {
  return {
    ...row,
    hasKey: row.hasKey === 1,
    lavaState: row.lavaState === null ? null : LavaStateWord.parse(row.lavaState),
    evidence: row.evidence === null ? null : EvidenceWord.parse(row.evidence),
  };
}

export function attemptValues({ lavaJob: _document, ...rest }: AttemptChange): Partial<AttemptRow> {
  return rest;
}

export function newAttemptRow({ definition, expectedTests: _document, ...attempt }: NewAttempt): AttemptRow {
  return {
    ...attempt,
    hasKey: definition.includes(attempt.submissionKey) ? 1 : 0,
    sinceId: null,
    intentAt: null,
    sentAt: null,
    lavaId: null,
    submittedAt: null,
    lavaState: null,
    device: null,
    runningAt: null,
    finishedAt: null,
    cancelAt: null,
    missingAt: null,
    log: null,
    evidence: null,
    outcome: null,
  };
}

export function toExpectedTests(jobId: string, text: string): ExpectedTests {
  return parse(`what was asked of ${jobId}`, StoredExpectedTests, text);
}

export function toLavaJob(jobId: string, text: string): LavaJob {
  return parse(`LAVA's results of ${jobId}`, StoredLavaJob, text);
}

export function toEntry({ id, at, kind, code, text }: Omit<TimelineRow, 'jobId'>): TimelineRecord {
  return { id, at, kind: EntryKindWord.catch('note').parse(kind), code: toReasonCode(code), text };
}

export function toCallback(row: CallbackRow): CallbackRecord {
  return { ...row, state: LavaStateWord.parse(row.state) };
}
