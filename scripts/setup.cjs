// Makes a fresh checkout runnable: installs what package-lock.json names (once per lockfile) and builds dist/.
// Runs on any Node from 18 on, before anything is installed, so it uses only what Node itself has.
'use strict';
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

const root = join(__dirname, '..');
const stamp = join(root, 'node_modules', '.lava-bridge-setup');
const tsc = join(root, 'node_modules', '.bin', 'tsc');

function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error) throw done.error;
  if (done.status !== 0) process.exit(done.status === null ? 1 : done.status);
}

function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return false;
  process.stderr.write('lava-bridge: installing dependencies (once)\n');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']); // its prepare script builds dist/
  writeFileSync(stamp, lock);
  return true;
}

// `npm ci --omit=dev` runs the prepare script as well, without a compiler: then the dist/ that is there stays.
function build() {
  if (existsSync(tsc)) run(tsc, ['-p', 'tsconfig.build.json']);
}

if (process.argv.includes('--build-only')) build();
else if (!install()) build();
