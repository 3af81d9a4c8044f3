// Makes a fresh checkout runnable: installs what package-lock.json names (once per lockfile) and builds dist/.
//   --build-only   builds alone
// A node_modules that is a symbolic link belongs to another checkout: it is used as it is, and never changed.
// In package.json `env` starts what comes after it: a shell that found the machine's node before this one was installed would
// go on with that.
// Runs on any Node from 18 on, before anything is installed, so it uses only what Node itself has.
'use strict';
const { createHash } = require('node:crypto');
const { existsSync, lstatSync, readFileSync, writeFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

const root = join(__dirname, '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.lava-bridge-setup');
const own = join(modules, '.bin', 'node');

function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error) throw done.error;
  if (done.status !== 0) process.exit(done.status === null ? 1 : done.status);
}

function isLinked() {
  const found = lstatSync(modules, { throwIfNoEntry: false });
  return found !== undefined && found.isSymbolicLink();
}

function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  if (isLinked()) {
    process.stderr.write(
      'lava-bridge: node_modules is a symbolic link, so it is left as it is; what it holds may not be what package-lock.json names\n',
    );
    return;
  }
  process.stderr.write('lava-bridge: installing dependencies (once)\n');
  // No package's own script runs: what they would do is in the packages, whose checksums the lock file pins.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}

// `npm ci --omit=dev` runs the prepare script, without what builds: then the dist/ that is there stays.
function build() {
  if (existsSync(join(modules, 'rolldown')))
    run(existsSync(own) ? own : process.execPath, [join('scripts', 'build.ts')]);
}

if (!process.argv.includes('--build-only')) install();
build();
