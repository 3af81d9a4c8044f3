// The catalogue of reasons: why a job waits or has ended, and what a line of its timeline reports, where it is no error (those
// have their own catalogue). Programs and tests go by the codes; the texts may change. docs/errors.md is made from it.
import { isErrorCode, type ErrorCode } from './error-codes.ts';

/** Why a job waits: what it means, and what an admin can do. docs/operations.md shows it. */
export const WAITS = {
  unregistered: {
    meaning: 'The request names a board that is not registered here for this lab.',
    action: 'Write its file (docs/boards.md), or ask KernelCI to take the board out of the lab.',
  },
  drained: {
    meaning:
      'The lab, the board or its devices are drained, by an admin or by the bridge (`drain_failing`); the text says why.',
    action:
      '`lava-bridge resume LAB`, `lava-bridge resume LAB BOARD`, or `lava-bridge resume LAB --device NAME`.',
  },
  no_device: {
    meaning: 'LAVA has no device of the type, or none with the tags.',
    action: 'Compare `lava_device_type` and `tags` in the board’s file with LAVA.',
  },
  offline: {
    meaning: 'All devices of the board are offline, in maintenance or bad.',
    action: '`lava-bridge boards` says why for each; mend them and set their health in LAVA.',
  },
  lab_full: {
    meaning: 'The lab has as many of our jobs as limits.max_jobs allows.',
    action: 'Nothing; or raise the limit.',
  },
  board_full: {
    meaning: 'The board has as many of our jobs as its limits allow.',
    action: 'Nothing; or raise the limit in its file.',
  },
  queue_full: {
    meaning: 'As many jobs wait in LAVA for the board as limits.max_queued_per_device allows.',
    action: 'Nothing; or raise the limit.',
  },
  disk_low: {
    meaning:
      'A disk that the bridge writes to is almost full: what has begun goes on, nothing new is taken on.',
    action: 'Make room there; `lava-bridge doctor` names the disks.',
  },
  behind: { meaning: 'More urgent jobs for the board come first.', action: 'Nothing.' },
  claim: {
    meaning: 'Our mark on Maestro’s node was written, and is read again in a moment.',
    action: 'Nothing.',
  },
  node_taken: {
    meaning: 'Another bridge took the node first.',
    action: 'Nothing. Two bridges on one runtime split it by platform.',
  },
  node_ended: {
    meaning: 'Maestro ended the node before it was claimed.',
    action: 'Nothing; it is forgotten.',
  },
  node_gone: { meaning: 'Maestro has the node no more.', action: 'Nothing; it is forgotten.' },
  answer_lost: {
    meaning:
      'LAVA’s answer to a submission was lost; the lab is searched for the job before it is sent again.',
    action: 'Nothing.',
  },
  in_lava: { meaning: 'LAVA has the job: queued, or running.', action: 'Nothing.' },
  unknown_to_lava: {
    meaning: 'LAVA says that it knows no such job. After a while the job is lost, and reported as such.',
    action: 'Was the lab set up again, or an old job removed there?',
  },
  not_ours: {
    meaning: 'LAVA’s job of that number is another one. After a while the job is lost, and reported as such.',
    action: 'Was the lab set up again?',
  },
  lab_failed: {
    meaning: 'The lab failed; the job is tried again after a pause.',
    action: 'Nothing; if it repeats, look at the device.',
  },
  other_device: {
    meaning: 'It is tried again, on another device than the one that failed.',
    action: 'Nothing.',
  },
  maestro_reports: {
    meaning: 'LAVA reports to Maestro itself; if Maestro does not take that, the bridge reports.',
    action: 'Nothing.',
  },
  deliveries: {
    meaning: 'Reports are not accepted yet; the text says which.',
    action: '`lava-bridge labs` for the destination’s state.',
  },
  parked: {
    meaning: 'A report was refused; the text says which, and why.',
    action: '`lava-bridge jobs retry JOB` sends it again, `lava-bridge jobs drop-delivery` gives it up.',
  },
} as const;

const ENDS = {
  cancel: 'An admin asked for a cancel, or Maestro no longer wants the job.',
  canceled_in_lava: 'Somebody cancelled it in LAVA.',
  superseded:
    'A newer request of the same tree, job and board took its place before it began to run (labs.supersede).',
  queue_timeout: 'No device was free within the queue time-out.',
  not_canceled: 'LAVA did not end the job after a cancel.',
} as const;

const EVENTS = {
  accepted: 'A report was accepted.',
  resend: 'A report is sent again.',
  split: 'A report is sent in parts, or again without what was refused.',
  dropped: 'A report was given up.',
  no_report: 'KCIDB gets no report of this run; of a test of our own, nobody does.',
  held_back: "A report is held back until Maestro's next try.",
  left_out: 'KCIDB would refuse an object, so the report goes without it.',
  found:
    'LAVA had the job, although its answer to the submission was lost, or the store lost that it was submitted.',
  second_job:
    'A daemon was stopped while it submitted, and another had to submit again: the LAVA job that came second is cancelled.',
  evidence_lost:
    "A job's log is missing or damaged on our disk: results and log are fetched from LAVA again.",
  logs_removed: 'The logs of a job were removed, because they are older, or more, than is kept.',
  known_again: 'LAVA knows the job again.',
  canceling: 'LAVA was asked to cancel the job.',
  not_superseded: 'The job had begun to run when a newer request was to take its place, so it goes on.',
  queued_too_long: 'LAVA was asked to cancel the job: it let it wait for a device for too long.',
  runs_too_long: 'LAVA was asked to cancel the job: it let it run for too long.',
  node_timeout_moved: "The time-out of Maestro's node was moved.",
  rejudged:
    'The job was judged again by newer rules; what came out differently is stored, and reported as a correction.',
  taken_up: 'An admin took up what was set aside.',
  callback: 'LAVA sent a callback.',
  callback_repeated: 'LAVA sent the same callback again.',
  callback_late: 'LAVA sent a callback after the evidence was stored.',
  callback_early: 'A callback said that the job had finished, and LAVA says otherwise: it is not believed.',
  callback_unread: 'A callback cannot be read; the evidence is fetched.',
} as const;

const CATALOGUE = { ...WAITS, ...ENDS, ...EVENTS };

/** A code of the catalogue of reasons, or of an error. */
export type ReasonCode = keyof typeof CATALOGUE | ErrorCode;

/** The reasons by what they are about, each with its meaning. */
export const REASON_GROUPS: readonly { title: string; meanings: Readonly<Record<string, string>> }[] = [
  {
    title: 'Why a job waits',
    meanings: Object.fromEntries(Object.entries(WAITS).map(([code, { meaning }]) => [code, meaning])),
  },
  { title: 'Why a job ended early', meanings: ENDS },
  { title: 'What happened to a job', meanings: EVENTS },
];

/** Whether this version knows the word as the code of a reason or of an error. */
export function isReasonCode(word: string): word is ReasonCode {
  return Object.hasOwn(CATALOGUE, word) || isErrorCode(word);
}
