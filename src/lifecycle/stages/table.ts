// The table of stages. To add one: its name in STAGES (store/job.ts), its file here.
import { STAGES, type LeasedStore, type StageName } from '../../store/index.ts';
import type { ReadyStage, Stage } from '../model.ts';
import { admitted } from './admitted.ts';
import { claimed } from './claimed.ts';
import { finished } from './finished.ts';
import { judged } from './judged.ts';
import { rendered } from './rendered.ts';
import { reported } from './reported.ts';
import { running } from './running.ts';
import { submitted } from './submitted.ts';

/** What is done for each stage but the first: `received` is true of every job that is stored. */
const STAGE_TABLE = {
  admitted,
  claimed,
  rendered,
  submitted,
  running,
  finished,
  judged,
  reported,
} as const satisfies Record<Exclude<StageName, 'received'>, Stage<never>>;

type Stages = typeof STAGE_TABLE;
type Uses<S> = S extends Stage<infer Ports> ? (ports: Ports) => void : never;
/** What all stages use together. */
export type StagePorts = Uses<Stages[keyof Stages]> extends (ports: infer Ports) => void ? Ports : never;

/** The stages, each given what it uses. */
export function readyStages(ports: StagePorts & { store: Pick<LeasedStore, 'lease'> }): ReadyStage[] {
  return STAGES.filter((name) => name !== 'received').map((name) => {
    const stage: Stage<StagePorts> = STAGE_TABLE[name];
    return { ...stage, name, run: (job, signal) => stage.run(job, ports, signal) };
  });
}
