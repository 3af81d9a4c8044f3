// What each reason means for which a job waits, and what to do; docs/operations.md shows it.
import type { WaitCode } from '../core/reason-codes.ts';

export const WAIT_REASONS: Record<WaitCode, { meaning: string; action: string }> = {
  unregistered: {
    meaning: 'The request names a board that is not registered here for this lab.',
    action: 'Write its file (docs/boards.md), or ask KernelCI to take the board out of the lab.',
  },
  drained: {
    meaning: 'Somebody drained the lab or the board; the text has their reason.',
    action: '`lava-bridge resume LAB`, or `lava-bridge resume LAB BOARD`.',
  },
  no_device: {
    meaning: 'LAVA has no device of the type, or none with the tags.',
    action: 'Compare `lava_device_type` and `tags` in the board’s file with LAVA.',
  },
  offline: {
    meaning: 'All devices of the board are offline, in maintenance or bad.',
    action: '`lava-bridge boards` says why each; mend them and set their health in LAVA.',
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
};
