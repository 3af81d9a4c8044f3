// Makes dist/ of the sources and what they need of npm: a few files that start fast and are read once, in place of the many that
// they are made of. What a command does not use is in files of its own and is not loaded. A thread is an entry of its own. All are in
// one folder, so that each finds the threads next to it, and what comes along (pages, templates) two folders up, as in src/.
//
//   node scripts/build.ts [FOLDER]      (dist)
import { globSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'rolldown';
import { LOADED, NEVER_USED } from './build/apart.ts';
import { ownModulesOfNode } from './build/own-modules.ts';

const ROOT = join(import.meta.dirname, '..');
const folder = process.argv[2] ?? join(ROOT, 'dist');
const threads = Object.fromEntries(
  globSync('src/**/*-worker.ts', { cwd: ROOT }).map((file) => [basename(file, '.ts'), file]),
);

rmSync(folder, { recursive: true, force: true });
await build({
  cwd: ROOT,
  input: { main: 'src/cli/main.ts', ...threads },
  platform: 'node',
  // pg looks for pg-native and does without.
  external: [...LOADED, 'pg-native'],
  resolve: {
    alias: Object.fromEntries(
      NEVER_USED.map((name) => [name, join(ROOT, 'scripts', 'build', 'never-used.cjs')]),
    ),
  },
  plugins: [{ name: 'own modules of Node', renderChunk: ownModulesOfNode }],
  output: {
    dir: join(folder, 'cli'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: false,
    // V8 keeps the text of what it runs, twice as large if one letter in it is not Latin-1. Lines stay, for traces.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
  },
  logLevel: 'warn',
});
