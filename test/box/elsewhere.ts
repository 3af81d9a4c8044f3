// The machine is lost under load: the bridge goes on on another one, from a backup, and with the tarball in place of the package.
import { join } from 'node:path';
import { TARBALL } from './chapters.ts';
import { answered, callbacks, isReady } from './first-day.ts';
import { fresh, inBox, pull, push } from './machine.ts';
import { check, expect } from './report.ts';
import { runPage } from './run-page.ts';
import type { World } from './world.ts';

const BACKUP = '/root/moved.backup';

interface Options {
  tarball: string;
  /** Of the host, for what is carried over. */
  folder: string;
  jobs: number;
}

/** All from the backup to the purge of both. */
export async function elsewhere(world: World, { tarball, folder, jobs }: Options): Promise<void> {
  let nodes: string[] = [];
  await check('a backup is made while jobs run and callbacks come', async () => {
    nodes = Array.from({ length: jobs }, () => world.publish());
    const sent = callbacks(world);
    // Until LAVA has some of them.
    await inBox('for i in $(seq 100); do lava-bridge jobs | grep -q running && break; sleep 0.2; done');
    await inBox(`lava-bridge backup ${BACKUP}`);
    const counted = await answered(sent);
    await inBox('systemctl stop lava-bridge.socket lava-bridge');
    await pull(BACKUP, folder);
    await pull('/etc/lava-bridge', folder);
    return counted;
  });
  await check('a purge of the package leaves nothing', () => purge('apt-get -qy purge lava-bridge'));

  await fresh();
  await inBox('mkdir build');
  await push(tarball, '/root/build/');
  await runPage(TARBALL, world);
  await check('restored elsewhere, it goes on with the jobs: none lost, none run twice', async () => {
    await push(join(folder, 'moved.backup'), '/root/');
    await push(join(folder, 'lava-bridge'), '/etc/');
    const listen = `ListenStream=\\nListenStream=127.0.0.1:${world.ports.callbacks}\\n`;
    await inBox(`mkdir /etc/systemd/system/lava-bridge.socket.d; printf '[Socket]\\n${listen}' > /etc/systemd/system/lava-bridge.socket.d/listen.conf
systemctl daemon-reload; lava-bridge restore ${BACKUP} && systemctl start lava-bridge.socket lava-bridge`);
    await isReady(world.ports.api);
    return world.allPass(nodes);
  });
  await check('and takes new ones', () => world.allPass([world.publish()]));
  await check('a newer tarball takes over, and no callback is refused', async () => {
    const sent = callbacks(world);
    await inBox(`cp -a "$(readlink -f /opt/lava-bridge)" /opt/lava-bridge-9.0.1 && /opt/lava-bridge-9.0.1/install
[ "$(readlink /opt/lava-bridge)" = /opt/lava-bridge-9.0.1 ] && systemctl is-active lava-bridge`);
    return answered(sent);
  });
  await check('a purge of the tarball leaves nothing', () => purge('/opt/lava-bridge/install --purge'));
}

async function purge(command: string): Promise<void> {
  await inBox(command);
  const left = await inBox(
    "find / -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /var/log -o -path /var/backups -o -path /tmp \\) -prune -o -name '*lava-bridge*' -print; systemctl list-units --all --plain --no-legend 'lava-bridge*'; ls -d /run/credentials/lava-bridge* 2> /dev/null || :",
  );
  expect(left.trim() === '', left);
}
