// What a reload does: the configuration and the admin's files are read again, and count if all of it is right. If anything is
// wrong the old stays, and the journal says what is wrong and where.
import type { Logger } from 'pino';
import { changesOf, takeOver, type ConfigChanges } from './config/changes.ts';
import type { BridgeConfig } from './config/schema.ts';
import { ConfigError, errorText, formatProblem } from './core/errors.ts';

/** Reads something again; what it gives makes that count, and cannot fail. */
type ReadAgain = (fresh: BridgeConfig) => Promise<() => void> | (() => void);

interface Parts {
  /** The configuration that the parts read. */
  config: BridgeConfig;
  /** All that is read again. */
  readAgain: readonly ReadAgain[];
  log: Logger;
}

export interface Reload {
  /** A configuration that was loaded again, and all files. True if it counts now. */
  all: (load: () => Promise<BridgeConfig>) => Promise<boolean>;
}

export function createReload({ config, readAgain, log }: Parts): Reload {
  let last: Promise<unknown> = Promise.resolve();

  async function reload(load: () => Promise<BridgeConfig>): Promise<boolean> {
    try {
      const fresh = await load();
      const commits: (() => void)[] = [];
      for (const read of readAgain) commits.push(await read(fresh));
      const changes = changesOf(config, fresh);
      takeOver(config, fresh);
      for (const commit of commits) commit();
      report(changes);
      return true;
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : [errorText(error)];
      for (const problem of problems) log.error({ problem }, `not reloaded, the old stays: ${problem}`);
      return false;
    }
  }

  function report({ live, afterRestart }: ConfigChanges): void {
    log.info({ changed: live }, 'reloaded');
    if (afterRestart.length === 0) return;
    log.warn(
      { keys: afterRestart },
      `these count from the next start only: ${afterRestart.join(', ')} (docs/configuration.md)`,
    );
  }

  return {
    // One after the other: two at once might each count in part.
    all: (load) => {
      const mine = last.then(() => reload(load));
      last = mine;
      return mine;
    },
  };
}
