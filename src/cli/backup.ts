// `lava-bridge backup` and `restore`: the whole state as one file.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { BridgeError } from '../core/errors.ts';
import { loadConfig } from '../config/load.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { logFolder } from '../storage/open.ts';
import { makeBackup, type BackupSummary, type StatePlaces } from '../store/backup.ts';
import { restoreBackup } from '../store/restore.ts';
import { evidenceFolder, stateFolder } from '../store/blobs.ts';
import { claimFolder } from './alone.ts';
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
      const summary = await makeBackup(placesOf(await loadConfig(options.config)), resolve(file), Date.now());
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
      const places = placesOf(await loadConfig(options.config));
      const claim = claimFolder(stateFolder({ sqlite: places.database }));
      try {
        const summary = await restoreBackup(resolve(file), places, { force: options.force === true });
        show('restored', summary, options);
      } finally {
        claim.release();
      }
    });
}

function placesOf({ store, storage }: BridgeConfig): StatePlaces {
  if (!('sqlite' in store))
    throw new BridgeError('backup', 'use the tools of the database for store.postgres');
  const state = stateFolder(store);
  return {
    database: store.sqlite,
    folders: {
      evidence: evidenceFolder(state),
      ...(storage.kind === 'local' ? { logs: logFolder(storage, state) } : {}),
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
