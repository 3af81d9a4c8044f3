// `npm run box`: installs the package in a fresh Debian 12 with a running systemd, and does there what an admin does in a year; runs
// the commands of README and docs. As root on Debian 12, where namespaces may be made.
//
//   npm run box [-- --deb FILE --tarball FILE]        what is there already; without them they are made
//   test/lab/in-lab npm run box -- --real             on a real LAVA, in place of the simulated one; without docs' commands
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { elsewhere } from './elsewhere.ts';
import { allPages, firstDay } from './first-day.ts';
import { end, fresh, inBox, push } from './machine.ts';
import { inspect, makePackages } from './packages.ts';
import { check, close } from './report.ts';
import { proxies } from './proxies.ts';
import { upgrades } from './upgrades.ts';
import { startWorld } from './world.ts';

const { values } = parseArgs({
  options: {
    deb: { type: 'string' },
    tarball: { type: 'string' },
    real: { type: 'boolean', default: false },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'lava-bridge-box-'));
const began = Date.now();

async function all(): Promise<void> {
  const made = values.deb === undefined || values.tarball === undefined ? await makePackages() : undefined;
  const deb = values.deb ?? made?.amd64 ?? '';
  const tarball = values.tarball ?? made?.tarball ?? '';
  const jobs = values.real ? 2 : 8;
  // It takes long, and needs nothing of the rest.
  const inspected = made === undefined ? Promise.resolve() : inspect(made);
  const world = await startWorld(values.real);
  await fresh();
  await push(deb, '/root/');
  await inBox('mkdir -p build && mv lava-bridge_*.deb build/lava-bridge_0.1.0_amd64.deb');
  await firstDay(world);
  if (!values.real) {
    await allPages(world);
    await proxies(world);
  }
  await upgrades(world, deb, { folder, jobs });
  await elsewhere(world, { tarball, folder, jobs });
  await inspected;
  await world.stop();
}

await check('the test came to its end', async () => all());
await end();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`in ${Math.round((Date.now() - began) / 1000)} s\n`);
process.exit(close());
