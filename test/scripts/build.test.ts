// What `npm run build` makes, in a folder of its own with what comes along next to it.
import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { APART } from '../../scripts/build/apart.ts';
import { makeFiles } from '../support/folder.ts';
import manifest from '../../package.json' with { type: 'json' };

const run = promisify(execFile);
let folder = '';

beforeAll(async () => {
  folder = await makeFiles({});
  // Of npm, what a package has.
  await mkdir(join(folder, 'node_modules'));
  for (const name of APART) await symlink(resolve('node_modules', name), join(folder, 'node_modules', name));
  for (const name of ['device-types', 'job-templates', 'pages', 'plans', 'package.json'])
    await symlink(resolve(name), join(folder, name));
  await run(process.execPath, ['scripts/build.ts', join(folder, 'dist')]);
}, 120_000);

it('what is built knows its version, all its commands and the files next to it', async () => {
  const main = join(folder, 'dist/cli/main.js');
  const { stdout: version } = await run(process.execPath, [main, '--version']);
  expect(version.trim()).toBe(manifest.version);
  const { stdout: help } = await run(process.execPath, [main, '--help']);
  expect(help).toMatch(/^ {2}run /m);
  const callback = resolve('test/fixtures/callbacks/complete.json');
  const { stdout: report } = await run(process.execPath, [main, 'translate', '--callback', callback, '--build-id', 'maestro:1']); // prettier-ignore
  expect(JSON.parse(report)).toMatchObject({ tests: expect.arrayContaining([expect.anything()]) });
}, 120_000);

it('each thread is built to be started by itself', async () => {
  const script = `
    const { Worker } = require('node:worker_threads');
    const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync('empty.db').close();
    const thread = new Worker('./dist/cli/reader-worker.js', { workerData: 'empty.db' });
    thread.on('message', ({ id, error }) => { console.log(id, error.code); void thread.terminate(); });
    thread.postMessage({ id: 7, name: 'no-such-question', args: [] });`;
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: folder });
  expect(stdout.trim()).toBe('7 internal');
}, 120_000);
