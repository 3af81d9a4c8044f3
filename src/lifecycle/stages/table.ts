// The table of stages. To add one: its name in STAGES (model.ts), its file here.
import type { Stage } from '../model.ts';
import { admitted } from './admitted.ts';
import { claimed } from './claimed.ts';
import { finished } from './finished.ts';
import { judged } from './judged.ts';
import { rendered } from './rendered.ts';
import { reported } from './reported.ts';
import { running } from './running.ts';
import { submitted } from './submitted.ts';

/** In the order of a job's life; `received` is true of every job that is stored. */
export const STAGE_TABLE: readonly Stage[] = [
  admitted,
  claimed,
  rendered,
  submitted,
  running,
  finished,
  judged,
  reported,
];
