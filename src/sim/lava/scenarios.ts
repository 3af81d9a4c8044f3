// What may happen to a simulated job, by name. A scenario writes a job's whole log in advance; the results are in it.
import type { Ending, Scenario } from './sequences.ts';
import { JobLog, type Entry, type Run } from './job-log.ts';
import { end, uuid } from './phases.ts';
import { COMPLETE, PASS } from './scenarios-complete.ts';
import { FAILED } from './scenarios-failed.ts';

/** All scenarios by name: what happens in a simulated job. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(Object.entries({ ...COMPLETE, ...FAILED }));

/** A run's log, and its end. */
export interface Script {
  entries: Entry[];
  ending: Ending;
}

/** Makes up the run of a job: the same for the same run, always. A name that is none passes. */
export function play(name: string, run: Run): Script {
  const log = new JobLog(run);
  const ending = (SCENARIOS.get(name) ?? PASS).play(log);
  return { entries: log.entries, ending };
}

/** LAVA's lines for a job that is cancelled while it runs; `entries` is what it had written. */
export function playCancel(run: Run, entries: readonly Entry[]): Entry[] {
  const log = new JobLog(run, entries);
  const count = (signal: string): number =>
    entries.filter(({ msg }) => typeof msg === 'string' && msg.startsWith(`<LAVA_SIGNAL_${signal} `)).length;
  const open = count('STARTRUN') - 1;
  if (open >= count('ENDRUN')) {
    log.add('error', 'Marking unfinished test run as failed');
    log.result({
      definition: 'lava',
      case: run.suites[open]?.name ?? '',
      uuid: uuid(log, open),
      result: 'fail',
      duration: '0.30',
    });
  }
  log.add('exception', 'The job was canceled');
  end(log, ['Canceled', 'The job was canceled']);
  return log.entries;
}
