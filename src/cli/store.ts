// `lava-bridge store migrate`: moves the state from SQLite to PostgreSQL.
import { join } from 'node:path';
import { Command } from 'commander';
import { BridgeError } from '../core/errors.ts';
import { loadConfig } from '../config/load.ts';
import { passwordIn, POSTGRES_URL, postgresUrlFault } from '../config/postgres-url.ts';
import { stateFolder } from '../store/blobs.ts';
import { openState } from '../store/index.ts';
import { moveState, type MoveProgress, type MoveSummary } from '../store/move.ts';
import { configOption, jsonOption, print, printJson } from './common.ts';

interface Options {
  to: string;
  config: string;
  json?: true;
}

export function addStore(program: Command): void {
  const store = new Command('store').description('what is done with the store as a whole').helpCommand(false);
  store
    .command('migrate')
    .description(
      'move the state of the configuration from SQLite to an empty PostgreSQL database; the daemon must not run',
    )
    .requiredOption('--to <url>', `where to: ${POSTGRES_URL} (the password may be in PGPASSWORD instead)`)
    .addOption(configOption())
    .addOption(jsonOption())
    .action(migrate);
  program.addCommand(store);
}

async function migrate({ to, config: file, json }: Options): Promise<void> {
  const { store, storage } = await loadConfig(file);
  if (!('sqlite' in store))
    throw new BridgeError('bad_option', `${file} has store.postgres already; only SQLite's state is moved`);
  const fault = postgresUrlFault(to);
  if (fault !== undefined) throw new BridgeError('bad_option', `--to: ${fault}`);
  const folder = stateFolder(store);
  const claim = (await openState(store)).claim();
  try {
    const folders = {
      evidence: join(folder, 'evidence'),
      files: join(folder, 'files'),
      ...(storage.kind === 'local' && storage.path === undefined ? { logs: join(folder, 'logs') } : {}),
    };
    const summary = await moveState({ database: store.sqlite, folders }, to, createProgress());
    if (json) return printJson(summary);
    tell(summary, file, store.sqlite, to);
  } finally {
    claim.release();
  }
}

function tell(
  { tables, rows, jobs, files, bytes, damaged }: MoveSummary,
  file: string,
  from: string,
  to: string,
): void {
  print(
    `moved ${jobs} jobs (${rows} rows of ${tables} tables) and ${files} files (${Math.ceil(bytes / 1024 ** 2)} MiB); all rows and files were compared`,
  );
  for (const path of damaged) print(`left out, because it is damaged (the daemon fetches it again): ${path}`);
  const hasPassword = passwordIn(to) !== undefined || (process.env['PGPASSWORD'] ?? '') !== '';
  const value = hasPassword ? '{ credential: database }' : `'${to}'`;
  print(`\nNow change the store in ${file}, and start the daemon:\n\nstore: { postgres: ${value} }\n`);
  if (hasPassword)
    print(
      'with the address, password included, in /etc/lava-bridge/secrets/database, which only root may read.',
    );
  print(`${from} and its folder were not changed; remove them when they are not needed.`);
}

/** One line on a terminal, that is written over. */
function createProgress(): MoveProgress {
  if (!process.stderr.isTTY) return () => undefined;
  let last = 0;
  return (step, what, done, of) => {
    if (done < of && Date.now() - last < 200) return;
    last = Date.now();
    const words = step === 'copy' ? 'copied' : 'compared';
    process.stderr.write(`\r\u001b[K${what}: ${done} of ${of} ${words}${done === of ? '\n' : ''}`);
  };
}
