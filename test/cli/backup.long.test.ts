// A backup that is taken while jobs run, and what becomes of it on another machine.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { openBlobs, openStore } from '../../src/store/index.ts';
import { childWorld } from '../support/child.ts';
import { failsWith, processOf } from '../support/command.ts';
import { newFolder } from '../support/folder.ts';
import { testWorld, until } from '../support/world.ts';

it('holds jobs, evidence and logs as they were at one moment, and is the state elsewhere', async () => {
  const world = await testWorld();
  const ended = world.publish();
  await world.ended(ended);
  const running = world.publish({ scenario: 'long' });
  await world.at(running, 'running');
  const file = join(world.folder, 'state.backup');
  const others = Array.from({ length: 10 }, () => world.publish());
  expect(await processOf(['backup', file, '--config', world.configFile])).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readdir(world.folder)).filter((name) => name.startsWith('state.backup'))).toEqual([
    'state.backup',
  ]);
  for (const node of others) await world.ended(node);

  const folder = await newFolder();
  const config = join(folder, 'lava-bridge.yaml');
  const database = join(folder, 'state', 'lava-bridge.db');
  await writeFile(config, await readFile(world.configFile, 'utf8'));
  expect(await processOf(['restore', file, '--config', config])).toMatchObject({ code: 0, stderr: '' });

  const store = await openStore({ sqlite: database });
  expect(store.instanceId).toBe(world.daemon.context.store.instanceId);
  expect((await store.jobs({ nodeId: ended, limit: 1 }))[0]).toEqual(await world.job(ended));
  expect((await store.jobs({ nodeId: running, limit: 1 }))[0]?.stage).toBe('running');
  const [attempt] = await store.attempts((await world.job(ended))?.id ?? '');
  const blobs = openBlobs(join(dirname(database), 'evidence'));
  expect(attempt?.log).not.toBeNull();
  expect(await blobs.has(attempt?.log ?? '')).toBe(true);
  expect(await readdir(join(dirname(database), 'logs'), { recursive: true })).not.toEqual([]);
  await store.close();
});

it('is not put in the place of a state in use; after that, jobs go on from it', async () => {
  const { world, daemon } = await childWorld();
  await daemon.start();
  const node = world.publish({ scenario: 'long' });
  await until('LAVA has the job', () => world.lava.jobs().at(0));
  const file = join(world.folder, 'state.backup');
  const options = ['--config', world.configFile];
  expect(await processOf(['backup', file, ...options])).toMatchObject({ code: 0 });
  expect(await processOf(['restore', file, ...options, '--force'])).toMatchObject({
    code: 1,
    stderr: failsWith('in_use'),
  });
  await daemon.end('SIGKILL');

  expect(await processOf(['restore', file, ...options, '--force'])).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(join(world.folder, 'state'))).toContain('lava-bridge.db.replaced');
  await daemon.start();
  for (const job of world.lava.jobs()) await world.lava.lab.cancel(job);
  await until('it is reported', () =>
    world.maestro.database.nodes.get(node)?.state === 'done' ? true : undefined,
  );
});
