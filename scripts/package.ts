// Makes what is installed: `node scripts/package.ts deb|tarball… [--arch x64,arm64] [--version V]`. Both hold the same tree: the
// built program, the few packages of npm that are not built into it, Node, units, manual pages and completion. Neither compiles anything for a machine, so
// that either architecture is made on any. The results are in build/.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createProgram } from '../src/cli/program.ts';
import { programVersion } from '../src/core/version.ts';
import { APART, NODE } from './build/apart.ts';
import { commandFacts } from './package/command-tree.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './package/completions.ts';
import { copyrightFile, packageFolders } from './package/copyright.ts';
import { manPages } from './package/man-pages.ts';
import { instanceUnit } from './package/units.ts';

const ROOT = join(import.meta.dirname, '..');
const BUILD = join(ROOT, 'build');
/** npm's names of architectures, and Debian's. */
const ARCHITECTURES = new Map([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
]);
/** Of a package of npm: what is not read at run time. */
const NEEDLESS = /\.(?:md|html|sh|markdown|map|[cm]?ts|flow|tgz|c|cc|h|gypi?)$|^(?:\..*|licen[cs]e.*|copying.*|authors.*|history.*|changelog.*|readme.*|security\.txt|bin\.m?js|cnoke\.cjs|trampolines\.cjs|makefile|cmakelists\.txt|gulpfile\.js|karma.*\.js)$/i; // prettier-ignore
const NEEDLESS_FOLDERS =
  /^(?:test|tests|__tests__|benchmarks?|examples?|include|share|vendor|musl_.*|bin|scripts|integration|\..*)$/;
/** What handlebars needs for its own command alone. */
const UNUSED = ['uglify-js', 'neo-async', 'minimist', 'wordwrap'];

const { positionals: kinds, values } = parseArgs({ allowPositionals: true, options: { arch: { type: 'string', default: [...ARCHITECTURES.keys()].join() }, version: { type: 'string', default: versionOfTree() } } }); // prettier-ignore
if (kinds.length === 0 || kinds.some((kind) => kind !== 'deb' && kind !== 'tarball'))
  throw new Error('deb or tarball?');
const { version } = values;
/** Of the last change: what is made twice is the same. */
const changedAt = new Date(Number(git('log', '-1', '--format=%ct')) * 1000);

/** A number that rises from commit to commit, below the release that it leads to. */
function versionOfTree(): string {
  const release = programVersion();
  if (git('tag', '--points-at', 'HEAD').split('\n').includes(`v${release}`)) return release;
  return `${release}~${git('log', '-1', '--format=%cd', '--date=format:%Y%m%d%H%M%S')}.${git('rev-parse', '--short', 'HEAD')}`;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}

function run(cwd: string, command: string, ...args: string[]): void {
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(changedAt.getTime() / 1000) };
  execFileSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Lays out everything for one architecture in a folder of that name. */
async function layOut(tree: string, arch: string): Promise<void> {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(ROOT, file), join(tree, file));
  run(tree, 'npm', 'ci', '--omit=dev', '--ignore-scripts', '--no-bin-links', '--no-audit', '--no-fund', '--loglevel=error', '--os=linux', `--cpu=${arch}`, '--libc=glibc'); // prettier-ignore
  const modules = join(tree, 'node_modules');
  for (const name of UNUSED) rmSync(join(modules, name), { recursive: true, force: true });
  writeFileSync(join(tree, 'copyright'), copyrightFile(modules));
  for (const name of readdirSync(modules)) {
    if (!name.startsWith(NODE) && !APART.includes(name)) rmSync(join(modules, name), { recursive: true });
  }
  for (const folder of packageFolders(modules)) {
    if (folder.startsWith(NODE)) keepProgram(join(modules, folder));
    else prune(join(modules, folder));
  }
  for (const file of ['package-lock.json', '.npmrc']) rmSync(join(tree, file));
  const { name, description, license, type } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, string>; // prettier-ignore
  writeFileSync(
    join(tree, 'package.json'),
    `${JSON.stringify({ name, version, description, license, type }, null, 2)}\n`,
  );

  cpSync(join(BUILD, 'dist'), join(tree, 'dist'), { recursive: true });
  for (const folder of ['device-types', 'job-templates', 'pages', 'plans', 'docs']) {
    cpSync(join(ROOT, folder), join(tree, folder), { recursive: true });
  }
  for (const file of ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(join(ROOT, file), join(tree, file));
  mkdirSync(join(tree, 'bin'));
  cpSync(join(ROOT, 'bin', 'lava-bridge'), join(tree, 'bin', 'lava-bridge'));
  cpSync(join(ROOT, 'scripts', 'install'), join(tree, 'install'));
  cpSync(join(ROOT, 'systemd'), join(tree, 'systemd'), { recursive: true });
  renameSync(join(tree, 'systemd', 'etc'), join(tree, 'etc'));
  for (const unit of ['service', 'socket']) {
    const plain = readFileSync(join(tree, 'systemd', `lava-bridge.${unit}`), 'utf8');
    writeFileSync(join(tree, 'systemd', `lava-bridge@.${unit}`), instanceUnit(plain));
  }
  await writeFromCommands(tree);
}

async function writeFromCommands(tree: string): Promise<void> {
  const program = commandFacts(await createProgram());
  const files = new Map([
    ['completions/bash/lava-bridge', bashCompletion(program)],
    ['completions/zsh/_lava-bridge', zshCompletion(program)],
    ['completions/fish/lava-bridge.fish', fishCompletion(program)],
  ]);
  const date = changedAt.toISOString().slice(0, 10);
  for (const [name, text] of manPages(program, { version, date })) files.set(`man/${name}`, text);
  for (const [name, text] of files) {
    mkdirSync(join(tree, name, '..'), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
}

/** Removes what a package of npm brings for people and compilers. Licences are in the copyright file by now. */
function prune(folder: string, isTop = true): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name === 'node_modules') continue;
      if (isTop && NEEDLESS_FOLDERS.test(entry.name)) rmSync(path, { recursive: true });
      else prune(path, false);
      if (existsSync(path) && readdirSync(path).length === 0) rmSync(path, { recursive: true });
    } else if (NEEDLESS.test(entry.name)) rmSync(path);
    else chmodSync(path, 0o644);
  }
}

/** Of Node, the program alone. */
function keepProgram(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name !== 'bin' && name !== 'package.json') rmSync(join(folder, name), { recursive: true });
  }
}

/** By gzip, which every Linux has. */
function makeTarball(tree: string, arch: string): string {
  const name = `lava-bridge-${version}-linux-${arch}`;
  const file = join(BUILD, `${name}.tar.gz`);
  run(BUILD, 'tar', '--create', '--use-compress-program=gzip -9n', `--file=${file}`, '--owner=0', '--group=0', '--numeric-owner', '--sort=name', `--mtime=@${changedAt.getTime() / 1000}`, `--transform=s,^tree,${name},`, '-C', join(tree, '..'), 'tree'); // prettier-ignore
  return file;
}

function makeDeb(tree: string, arch: string): string {
  const folder = join(tree, '..');
  const architecture = ARCHITECTURES.get(arch) ?? arch;
  const debian = join(folder, 'debian');
  rmSync(debian, { recursive: true, force: true });
  cpSync(join(ROOT, 'debian'), debian, { recursive: true });
  cpSync(join(tree, 'copyright'), join(debian, 'copyright'));
  const maintainer = /^Maintainer: (.*)$/m.exec(readFileSync(join(debian, 'control'), 'utf8'))?.[1] ?? '';
  const date = changedAt.toUTCString().replace('GMT', '+0000');
  writeFileSync(join(debian, 'changelog'), `lava-bridge (${version}) unstable; urgency=medium\n\n  * See changelog.gz, which says what changed for users.\n\n -- ${maintainer}  ${date}\n`); // prettier-ignore
  run(
    folder,
    'dpkg-buildpackage',
    '--build=binary',
    '--no-sign',
    '--no-check-builddeps',
    `--host-arch=${architecture}`,
  );
  const name = `lava-bridge_${version}_${architecture}.deb`;
  renameSync(join(folder, '..', name), join(BUILD, name));
  return join(BUILD, name);
}

run(ROOT, process.execPath, join('scripts', 'build.ts'), join(BUILD, 'dist'));
for (const arch of values.arch.split(',')) {
  if (!ARCHITECTURES.has(arch)) throw new Error(`--arch: ${[...ARCHITECTURES.keys()].join(', ')}`);
  const tree = join(BUILD, 'work', arch, 'tree');
  await layOut(tree, arch);
  for (const kind of kinds)
    process.stdout.write(`${kind === 'deb' ? makeDeb(tree, arch) : makeTarball(tree, arch)}\n`);
}
