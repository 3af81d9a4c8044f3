// What the API answers, as schemas: the views give it, the command line reads it, and the OpenAPI document describes it.
// Fields may be added; a reader lets pass what it does not know. Times are RFC 3339, UTC.
import { z } from 'zod';
import { NODE_RESULTS } from '../verdict/node-result.ts';
import { PART_KINDS } from '../lifecycle/parts.ts';
import { SOURCES } from '../maestro/request.ts';
import { DELIVERY_STATES } from '../store/delivery-contract.ts';
import { STAGES } from '../store/job.ts';
import { LAYERS } from '../verdict/layers.ts';
import { ENDING_KINDS, RULE_NAMES, STATUSES } from '../verdict/model.ts';

const time = z.iso.datetime();
const text = z.string();
const maybe = {
  time: time.nullable(),
  text: text.nullable(),
  count: z.number().int().nullable(),
};

/** A job in a list. */
export const JobRow = z.looseObject({
  id: text.describe('`<lab>:<Maestro node id>`'),
  lab: text,
  node_id: text,
  name: text.describe("the name of Maestro's job node"),
  board: text,
  source: z.enum(SOURCES),
  stage: z.enum(STAGES).describe('the last stage that it completed'),
  waits_for: z.enum(STAGES).nullable().describe('the stage that it is to complete next; null: it has ended'),
  done: z.boolean(),
  set_aside: z
    .boolean()
    .describe('it was under way in two crashes of the daemon, and waits for an order to retry it'),
  reason: maybe.text.describe('why it waits'),
  reason_code: maybe.text.describe('the same in a word that stays the same'),
  ending: z
    .looseObject({ kind: z.enum(ENDING_KINDS), code: text, reason: text })
    .nullable()
    .describe('how it ended by our own record'),
  tree: maybe.text.describe("of the kernel's source, if the request says it"),
  branch: maybe.text,
  commit: maybe.text,
  build: maybe.text.describe("the id of Maestro's kbuild node"),
  result: z.enum(NODE_RESULTS).nullable().describe("Maestro's word for the verdict"),
  rule: z.enum(RULE_NAMES).nullable().describe('the rule of the verdict (docs/verdicts.md)'),
  layer: z.enum(LAYERS).nullable().describe('whose part failed'),
  lava_id: maybe.count.describe('of the last attempt, or of the one that was reported'),
  device: maybe.text,
  tests: z.array(
    z.looseObject({
      path: text,
      status: z.enum(STATUSES),
      leaves: z.number().int(),
      counts: z.partialRecord(z.enum(STATUSES), z.number().int()).describe('its leaves by status'),
    }),
  ),
  received: time,
  updated: time,
  stage_since: time.describe('when it completed its last stage'),
  next: maybe.time.describe('when it is looked at again'),
});
export type JobRow = z.infer<typeof JobRow>;

/** Where a job is, for people: the stage that it waits for, or that nothing is done for it any more. */
export function whereOf({ set_aside, waits_for }: Pick<JobRow, 'set_aside' | 'waits_for'>): string {
  return set_aside ? 'set aside' : (waits_for ?? 'ended');
}

/** The same of an open job, in a sentence. */
export function waitingOf(job: Pick<JobRow, 'set_aside' | 'waits_for' | 'stage'>): string {
  return job.set_aside ? `set aside after the stage ${job.stage}` : `waits for the stage ${whereOf(job)}`;
}

export const AttemptView = z.looseObject({
  n: z.number().int().describe('from 1'),
  lava_id: maybe.count,
  device_type: text,
  device: maybe.text,
  state: maybe.text.describe('what LAVA said last'),
  submitted: maybe.time,
  running: maybe.time,
  finished: maybe.time,
  evidence: maybe.text.describe('`callback` or `fetched`'),
  outcome: maybe.text.describe('why it is not the attempt that counts'),
  definition: text.describe('LAVA YAML'),
});
export type AttemptView = z.infer<typeof AttemptView>;

/** A delivery, as the API shows it. */
export const DeliveryView = z.looseObject({
  id: z.number().int(),
  destination: text,
  kind: text,
  state: z
    .enum(DELIVERY_STATES)
    .describe(
      '`submitted`: taken, not confirmed; `parked`: refused; `unconfigured`: its destination is not in the configuration',
    ),
  required: z.boolean().describe('whether the job waits for it'),
  tries: z.number().int(),
  error: maybe.text,
  next: maybe.time,
  done: maybe.time,
});
export type DeliveryView = z.infer<typeof DeliveryView>;

/** One line of a job's timeline, as the API shows it. */
export const TimelineView = z.looseObject({
  at: time,
  kind: text,
  code: maybe.text.describe('what the line reports, in a word that stays the same'),
  text,
});
export type TimelineView = z.infer<typeof TimelineView>;

/** What judging a job again came to. */
export const RejudgedView = z.looseObject({
  id: z.string(),
  changes: z.array(z.string()).describe('what differs from the stored verdict; empty: nothing does'),
  stored: z.boolean().describe('whether it was stored, to be reported as a correction'),
});
export type RejudgedView = z.infer<typeof RejudgedView>;

/** A job with all that is known of it. */
export const JobDetail = JobRow.extend({
  attempts: z.array(AttemptView),
  deliveries: z.array(DeliveryView),
  timeline: z.array(TimelineView),
  verdict: z.looseObject({}).nullable(),
  request: z.looseObject({}),
});
export type JobDetail = z.infer<typeof JobDetail>;

/** The answer to a list of jobs. */
export const JobList = z.object({
  jobs: z.array(JobRow),
  next: maybe.text.optional().describe('where the next page begins (`after`); null: this is the last one'),
});

/** A lab, as the API shows it. */
export const LabView = z.looseObject({
  name: text,
  url: text,
  up: z.boolean(),
  status: z.enum(['up', 'down', 'unknown']).describe('unknown: never asked, or not for ten minutes'),
  answered: maybe.time.describe('when it last answered; null: not since the start'),
  since: time,
  why: maybe.text.describe('why it is down'),
  drained: maybe.text.describe('why nothing new is let in'),
  callbacks: maybe.text.describe('what is wrong with them, and what to do'),
  jobs: z.record(text, z.number().int()).describe('open jobs by the last stage that they completed'),
  waiting: z.record(text, z.number().int()).describe('open jobs by the stage that they wait for'),
  xmlrpc_requests: z.number().int().describe('since the start'),
  daemon: maybe.text.describe(
    'which of several daemons works on it, host:pid; null: this one has the store alone',
  ),
});
export type LabView = z.infer<typeof LabView>;

/** All that keeps a lab from its work, for people. */
export function troubleOf({ drained, why, callbacks }: LabView): string {
  return [drained, why, callbacks].filter((text) => text !== null).join('; ');
}

/** One of several daemons on a database, as the API shows it. */
export const DaemonView = z.looseObject({
  name: text.describe('host:pid'),
  version: text,
  started: time,
  own: z.boolean().describe('it is the one that answers'),
  work: z.array(text).describe('what it does now, such as `lab NAME` or `destination NAME`'),
  differs: z
    .array(text)
    .describe(
      'keys of the configuration, folders, or `version`: in what it differs from the one that answers',
    ),
});
export type DaemonView = z.infer<typeof DaemonView>;

/** The answer to a list of labs. */
export const LabList = z.object({
  labs: z.array(LabView),
  daemons: z.array(DaemonView).default([]).describe('all on this database; empty: one has the store alone'),
});

/** A part outside, as the API shows it. */
export const PartView = z.looseObject({
  kind: z.enum(PART_KINDS),
  name: text.describe('of the lab or destination'),
  status: z.enum(['up', 'down', 'unknown']).describe('unknown: never asked, or no answer for a while'),
  answered: maybe.time.describe('its last answer; null: none since the start'),
  age_seconds: maybe.count.describe('how long ago that was'),
  since: time.optional().describe('since when it has that status'),
  why: maybe.text.optional(),
});
export type PartView = z.infer<typeof PartView>;

/** The answer to a list of parts. */
export const PartList = z.object({ parts: z.array(PartView) });

/** A board in a lab, as the API shows it. */
export const BoardView = z.looseObject({
  lab: text,
  board: text,
  device_type: text,
  boot_method: text,
  online: maybe.count.describe('devices that could take a job; null: the lab does not say'),
  idle: maybe.count.describe('devices that could take one now'),
  queued: maybe.count,
  asked: maybe.time.describe('when LAVA was last asked for these three'),
  reasons: z.array(text).describe('why none, or fewer, are online'),
  drained: maybe.text,
  jobs: z.number().int().describe('open ones of ours'),
  runs: z.array(text).describe('plans that it can run'),
  runs_not: z.array(z.object({ plan: text, reason: text })),
});
export type BoardView = z.infer<typeof BoardView>;

/** The answer to a list of boards. */
export const BoardList = z.object({ boards: z.array(BoardView) });

const layers = z.record(z.enum(LAYERS), z.number().int());

/** The lab at a glance. */
export const Overview = z.looseObject({
  labs: z.array(LabView),
  destinations: z.array(
    z.looseObject({
      name: text,
      status: text,
      since: time,
      why: maybe.text,
      deliveries: z.record(text, z.number().int()).describe('those that have not ended, by state'),
    }),
  ),
  flow: z
    .array(
      z.looseObject({
        lab: text,
        stage: z.enum(STAGES).describe('the last one that they completed'),
        set_aside: z.boolean(),
        jobs: z.number().int(),
        oldest: time.describe('since when the one is there that is there the longest'),
      }),
    )
    .describe('open jobs'),
  waiting: z
    .array(
      z.looseObject({
        code: text,
        lab: text,
        board: text,
        jobs: z.number().int(),
        oldest: time.describe('when the first of them was received'),
        reason: text.describe('that of one of them'),
      }),
    )
    .describe('open jobs by the reason that they wait for, the most common first'),
  last_day: z
    .array(z.looseObject({ at: time, jobs: z.number().int(), layers }))
    .describe('jobs that ended, hour by hour'),
});
export type Overview = z.infer<typeof Overview>;

/** A failure that recurs. */
export const IssueView = z.looseObject({
  signature: text,
  layer: z.enum(LAYERS),
  comment: text,
  runs: z.number().int().describe('in which it was found, ever'),
  recent: z.number().int().describe('in the days that were asked for'),
  first_seen: time,
  last_seen: time,
  boards: z.array(z.looseObject({ lab: text, board: text, runs: z.number().int() })),
  trees: z.array(z.looseObject({ tree: text, runs: z.number().int() })),
});
export type IssueView = z.infer<typeof IssueView>;

/** The answer to a list of issues. */
export const IssueList = z.object({ issues: z.array(IssueView) });

/** To `drain` and `resume`. */
export const DrainAnswer = z.looseObject({
  lab: text,
  board: text.describe('empty: the whole lab'),
  device: text.describe('empty: the board, or the whole lab'),
  known: z.boolean().describe('whether that board is registered for the lab, or LAVA has that device'),
});

export const Refusal = z.looseObject({
  error: text.describe('a word that stays the same'),
  message: text,
  field: text.optional(),
});
