// Whether the store is sound: looked through once a day, and at once when a statement fails for damage. What is wrong with it,
// and what a damaged one that was set aside still lacks, shows in /readyz, `labs`, the pages and the metrics.
import type { Logger } from 'pino';
import { errorText } from '../core/errors.ts';
import { DAY, sleep, type Clock } from '../core/time.ts';
import { isLostLease } from '../core/lease.ts';
import { createOutage, type Outage } from '../engine/outage.ts';
import { isDamage, isOtherDatabase, type Damage, type State } from '../store/index.ts';
import type { EarlierRuns } from './earlier-runs.ts';
import type { PartState } from './parts.ts';

/** The store's state, for those who show it. */
export interface StoreHealth {
  /** What keeps the bridge from being ready; empty if nothing does. */
  problems: () => string[];
  /** Damaged stores that were set aside and are still there: their paths, the newest first. */
  setAside: () => Promise<string[]>;
  /** What is shown of the store as a part, with what is wrong with it. */
  withProblems: (state: PartState) => Promise<PartState>;
  /** Why it failed, for people. */
  explain: (error: unknown) => string;
  /** How much the database takes (bytes); undefined: that cannot be known now. */
  used: () => Promise<number | undefined>;
  /** Fulfilled with what was found when the store turns out to be damaged, or another one: only a start can mend it. */
  fault: Promise<string>;
}

interface Options {
  state: Pick<State, 'name' | 'findDamage' | 'setAside' | 'explain' | 'used'>;
  /** What the store may have lost and is still looked for. */
  missing: EarlierRuns['missing'];
  log: Logger;
  now: Clock;
}

/** It runs until the signal fires. Its `outage` hears of what fails and works at all places, and so notices what only a start mends. */
export function createStoreHealth({ state: place, missing, log, now }: Options): StoreHealth & {
  outage: Outage;
  run: (signal: AbortSignal) => Promise<void>;
} {
  const { name, explain } = place;
  const outage = createOutage(log, 'the store fails', 'the store works again', explain);
  let found: { text: string; at: number } | undefined;
  let lookNow = new AbortController();
  const { promise: fault, resolve } = Promise.withResolvers<string>();

  function problems(): string[] {
    return [found?.text, missing()].filter((text) => text !== undefined);
  }

  async function look(signal: AbortSignal): Promise<void> {
    const findings = await place.findDamage(signal);
    const [first] = findings;
    if (first === undefined) return;
    const text = `the store ${name} is damaged (${first}); it is set aside, and what can be saved of it is saved, at the next start`;
    needStart(text, { file: name, found: findings });
  }

  function needStart(text: string, facts: object): void {
    if (found !== undefined) return;
    found = { text, at: now() };
    log.error(facts, text);
    resolve(text);
  }

  return {
    problems,
    explain,
    setAside: place.setAside,
    used: place.used,
    fault,
    async withProblems(state) {
      const [why] = problems();
      if (why !== undefined) return { ...state, status: 'down', since: found?.at ?? state.since, why };
      const [aside] = await place.setAside();
      if (aside === undefined || state.status === 'down') return state;
      return {
        ...state,
        why: `a damaged store was set aside as ${aside} (docs/backup.md); remove it when it is not needed`,
      };
    },
    outage: {
      ...outage,
      failed(error) {
        // That work is another daemon's now is no fault of the store.
        if (isLostLease(error)) return;
        if (isOtherDatabase(error)) return needStart(explain(error), { store: name });
        outage.failed(error);
        if (isDamage(error)) lookNow.abort();
      },
    },
    async run(signal) {
      while (!signal.aborted) {
        await sleep(DAY, AbortSignal.any([signal, lookNow.signal]));
        lookNow = new AbortController();
        if (signal.aborted) return;
        await look(signal).catch((error: unknown) => {
          if (!signal.aborted) log.warn({ error: errorText(error) }, 'the store could not be looked through');
        });
      }
    },
  };
}

/** Says in the journal what became of a damaged store, and what to do. */
export function reportDamage(log: Logger, { file, found, saved, lost }: Damage): void {
  if (lost !== undefined) {
    log.error(
      { file, lost },
      `the store’s write-ahead log was damaged: ${lost.transactions} transactions behind byte ${lost.at} of it are lost, and a copy of it is kept as ${file}. ` +
        'What is missing is looked for in Maestro and LAVA, and nothing is run twice (docs/backup.md). Look at the disk and its cables',
    );
    return;
  }
  const what =
    saved === undefined
      ? 'nothing of it could be read, so a new one was begun'
      : `a new one has what could be read of it: ${saved.jobs} jobs (${saved.lostRows} rows${saved.lostTables.length === 0 ? '' : `, and all of ${saved.lostTables.join(', ')},`} could not)`;
  log.error(
    { file, found },
    `the store was damaged (${found[0] ?? ''}) and is set aside as ${file}; ${what}. ` +
      'What is missing is looked for in Maestro and LAVA, and nothing is run twice. To go on from a backup instead: stop the daemon, `lava-bridge restore FILE`, start it (docs/backup.md). Look at the disk and its cables, too',
  );
}
