// `npm run parity -- DIR [vitest's arguments]`: compares what we make and accept with what other projects make and accept.
// DIR holds their data (test/parity/folder.ts lists what). Ends with 2 if something is missing from it.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { FOLDER_VARIABLE, missingFrom } from './folder.ts';

function main([dir, ...rest]: readonly string[]): number {
  if (dir === undefined || dir.startsWith('-')) {
    console.error('usage: npm run parity -- DIR');
    return 2;
  }
  const folder = resolve(dir);
  const missing = missingFrom(folder);
  if (missing.length > 0) {
    console.error(`parity: reference data is missing\n${missing.join('\n')}`);
    return 2;
  }
  const config = resolve(import.meta.dirname, 'vitest.config.ts');
  const { status } = spawnSync('vitest', ['run', '--config', config, ...rest], {
    stdio: 'inherit',
    env: { ...process.env, [FOLDER_VARIABLE]: folder },
  });
  return status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
