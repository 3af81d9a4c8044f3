// `lava-bridge backup` and `restore`: the whole state as one file.
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { BridgeError } from '../core/errors.ts';
import { loadConfig } from '../config/load.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { storeOf } from '../daemon-parts.ts';
import { makeBackup, type BackupSummary, type StatePlaces } from '../store/backup.ts';
import { restoreBackup } from '../store/restore.ts';
import { evidenceFolder, stateFolder } from '../store/blobs.ts';
import { openState, type State } from '../store/index.ts';
import { configOption, jsonOption, print, printJson } from './common.ts';

interface Options {
  config: string;
  force?: true;
  json?: true;
}

export function addBackup(program: Command): void {
  program
    .command('backup')
    .description('write the whole state (jobs, evidence, logs) to one file; the daemon may run meanwhile')
    .argument('<file>', 'a file that is not there yet')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const { places } = await stateOf(await loadConfig(options.config), BACKUP);
      const summary = await makeBackup(places, resolve(file), Date.now());
      show(`${file} holds`, summary, options);
    });
}

export function addRestore(program: Command): void {
  program
    .command('restore')
    .description('put a backup in the place of the state; the daemon must not run')
    .argument('<file>', 'what `lava-bridge backup` wrote')
    .option('--force', 'also replace a state that has changed since the backup was made')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const { places, claim: claimState } = await stateOf(await loadConfig(options.config), RESTORE);
      const claim = claimState();
      try {
        const summary = await restoreBackup(resolve(file), places, { force: options.force === true });
        show('restored', summary, options);
      } finally {
        claim.release();
      }
    });
}

// What stands in for the two commands where the state is in PostgreSQL.
const BACKUP = (url: string): string => `pg_dump --format=custom --file=FILE '${url}'`;
const RESTORE = (url: string): string =>
  `pg_restore --clean --if-exists --single-transaction --no-owner --dbname='${url}' FILE`;

/** Throws BridgeError `backup`, with the database's own command, where the state is not in files. */
async function stateOf(
  config: BridgeConfig,
  instead: (url: string) => string,
): Promise<{ places: StatePlaces } & Pick<State, 'claim'>> {
  const place = storeOf(config);
  const { name, claim } = await openState(place);
  if (!('sqlite' in place)) {
    const text = `the state is in PostgreSQL, whose own tools do that: ${instead(name)} (docs/postgresql.md)`;
    throw new BridgeError('backup', text);
  }
  const folder = stateFolder(place);
  const { storage } = config;
  return {
    claim,
    places: {
      database: place.sqlite,
      folders: {
        evidence: evidenceFolder(folder),
        ...(storage.kind === 'local' ? { logs: storage.path ?? join(folder, 'logs') } : {}),
      },
    },
  };
}

function show(what: string, summary: BackupSummary, { json }: Options): void {
  if (json) return printJson(summary);
  const { files, bytes, madeAt, version } = summary;
  print(
    `${what} ${files} files, ${Math.ceil(bytes / 1024)} KiB, of ${new Date(madeAt).toISOString()} (lava-bridge ${version})`,
  );
}
