// Newer versions of the package: a good one while there is work, and bad ones.
import { join } from 'node:path';
import { answered, callbacks, isReady, pidOf } from './first-day.ts';
import { inBox, push, tryInBox } from './machine.ts';
import { breakProgram, cutShort, variant } from './packages.ts';
import { check, expect } from './report.ts';
import type { World } from './world.ts';

const versionOf = async (): Promise<string> =>
  (await inBox("dpkg-query -W -f '${Version}' lava-bridge")).trim();

/** `deb` is the package that is installed; `jobs` as many run meanwhile. */
export async function upgrades(
  world: World,
  deb: string,
  { folder, jobs }: { folder: string; jobs: number },
): Promise<void> {
  const current = { deb, folder };
  await check('an upgrade while jobs run and callbacks come: none refused, none lost', async () => {
    await push(await variant(current, '9.0.1'), '/root/');
    const before = await pidOf('lava-bridge');
    const nodes = Array.from({ length: jobs }, () => world.publish());
    const sent = callbacks(world);
    await inBox('apt-get -qy install ./lava-bridge_9.0.1.deb');
    const counted = await answered(sent);
    const isNew = (await pidOf('lava-bridge')) !== before && (await versionOf()) === '9.0.1';
    expect(isNew, 'the new version does not run');
    return `${counted}; ${await world.allPass(nodes)}`;
  });
  await check('a package that is cut short changes nothing', async () => {
    cutShort(join(folder, 'lava-bridge_9.0.1.deb'), join(folder, 'cut.deb'));
    await push(join(folder, 'cut.deb'), '/root/');
    const before = await pidOf('lava-bridge');
    const { code } = await tryInBox('dpkg -i ./cut.deb');
    expect(code !== 0, 'dpkg took it');
    expect((await pidOf('lava-bridge')) === before, 'the daemon was restarted');
    await inBox(`lava-bridge --version && dpkg -s lava-bridge | grep -q '^Status: install ok installed'`);
  });
  await check(
    'a version that does not start leaves the old one at work, and the next one mends it',
    async () => {
      await push(await variant(current, '9.0.2', breakProgram), '/root/');
      const before = await pidOf('lava-bridge');
      const { code, text } = await tryInBox('apt-get -qy install ./lava-bridge_9.0.2.deb');
      expect(code !== 0 && text.includes('goes on with the old one'), text);
      expect((await pidOf('lava-bridge')) === before, 'the daemon was restarted');
      const counted = await world.allPass([world.publish()]);
      await push(await variant(current, '9.0.3'), '/root/');
      await inBox('apt-get -qy install ./lava-bridge_9.0.3.deb');
      expect((await pidOf('lava-bridge')) !== before, 'the daemon was not restarted');
      await isReady(world.ports.api);
      return counted;
    },
  );
}
