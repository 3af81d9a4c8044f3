// The catalogue of reasons: why a job waits or has ended, and what a line of its timeline reports, where it is no error (those
// have their own catalogue). Programs and tests go by the codes; the texts may change. docs/errors.md is made from it.
import { isErrorCode, type ErrorCode } from './error-codes.ts';

const WAITS = {
  unregistered: 'The lab does not have the board.',
  drained: 'The lab or the board was drained.',
  no_device: 'The lab has no device of the type.',
  offline: 'No device of the type is online.',
  lab_full: 'The lab has as many jobs as its limits allow.',
  board_full: 'The board has as many jobs as its limits allow.',
  queue_full: 'As many jobs wait for the devices as the limits allow.',
  behind: 'Other jobs for the board come first.',
  claim: "Our mark on Maestro's node is to settle.",
  node_taken: "Another bridge has Maestro's node.",
  node_ended: "Maestro's node has ended.",
  node_gone: "Maestro's node does not exist.",
  answer_lost: "LAVA's answer to the submission was lost; the lab is searched for the job.",
  in_lava: 'LAVA has the job.',
  unknown_to_lava: 'LAVA does not know the job. A job that stays unknown is lost.',
  not_ours: "LAVA's job of that number is another one. If that stays so, the job is lost.",
  lab_failed: 'The lab failed, not the kernel; there is another attempt after a pause.',
  other_device: 'Another device is waited for: on the one that is free the last attempt failed.',
  maestro_reports: 'LAVA reports to Maestro itself; we report if Maestro does not take that.',
  deliveries: 'Reports are on their way.',
  parked: 'A report was refused: `jobs retry` sends it again, `jobs drop-delivery` gives it up.',
} as const;

const ENDS = {
  cancel: 'An admin asked for a cancel, or Maestro no longer wants the job.',
  canceled_in_lava: 'Somebody cancelled it in LAVA.',
  queue_timeout: 'No device was free within the queue time-out.',
  not_canceled: 'LAVA did not end the job after a cancel.',
} as const;

const EVENTS = {
  accepted: 'A report was accepted.',
  resend: 'A report is sent again.',
  split: 'A report is sent in parts, or again without what was refused.',
  dropped: 'A report was given up.',
  no_report: 'KCIDB gets no report of this run.',
  held_back: "A report is held back until Maestro's next try.",
  left_out: 'KCIDB would refuse an object, so the report goes without it.',
  found: 'LAVA had the job, although its answer to the submission was lost.',
  known_again: 'LAVA knows the job again.',
  canceling: 'LAVA was asked to cancel the job.',
  queued_too_long: 'LAVA was asked to cancel the job: it let it wait for a device for too long.',
  runs_too_long: 'LAVA was asked to cancel the job: it let it run for too long.',
  node_timeout_moved: "The time-out of Maestro's node was moved.",
  taken_up: 'An admin took up what was set aside.',
  callback: 'LAVA sent a callback.',
  callback_repeated: 'LAVA sent the same callback again.',
  callback_late: 'LAVA sent a callback after the evidence was stored.',
  callback_early: 'A callback said that the job had finished, and LAVA says otherwise: it is not believed.',
  callback_unread: 'A callback cannot be read; the evidence is fetched.',
} as const;

const CATALOGUE = { ...WAITS, ...ENDS, ...EVENTS };

/** Why a job waits that has not failed. */
export type WaitCode = keyof typeof WAITS;
/** A code of the catalogue of reasons, or of an error. */
export type ReasonCode = keyof typeof CATALOGUE | ErrorCode;

/** The reasons by what they are about, each with its meaning. */
export const REASON_GROUPS: readonly { title: string; meanings: Readonly<Record<string, string>> }[] = [
  { title: 'Why a job waits', meanings: WAITS },
  { title: 'Why a job ended early', meanings: ENDS },
  { title: 'What happened to a job', meanings: EVENTS },
];

/** Whether this version knows the word as the code of a reason or of an error. */
export function isReasonCode(word: string): word is ReasonCode {
  return Object.hasOwn(CATALOGUE, word) || isErrorCode(word);
}
