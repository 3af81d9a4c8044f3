// The package in a fresh Debian: README's commands, a job, how the unit is confined, and what its admin may do wrong.
import { CHAPTERS, type Chapter } from './chapters.ts';
import { fileIn } from './documents.ts';
import { flood, type Flood } from './flood.ts';
import { inBox, tryInBox } from './machine.ts';
import { check, expect } from './report.ts';
import { runPage } from './run-page.ts';
import { asHere } from './chapters.ts';
import { changeConfiguration, writeInBox, type World } from './world.ts';
import { freePort } from '../../src/sim/free-port.ts';

const README: Chapter = { page: 'README.md' };

/** The process that a unit runs. */
export const pidOf = async (unit: string): Promise<string> =>
  (await inBox(`systemctl show -P MainPID ${unit}`)).trim();

/** Waits until the daemon says that it can do its work. */
export const isReady = (port: number): Promise<string> =>
  inBox(
    `for i in $(seq 600); do if curl -fsS http://127.0.0.1:${port}/readyz > /dev/null 2>&1; then exit 0; fi; sleep 0.1; done; curl -sS http://127.0.0.1:${port}/readyz; exit 1`,
  );

/** Callbacks that come all the time. */
export const callbacks = ({ callback }: World): Flood => flood(callback.url, callback.token);

/** Ends them; throws if one was refused or lost. */
export async function answered(sent: Flood): Promise<string> {
  const { answered: count, failed: lost, slowestMs } = await sent.end();
  expect(lost.length === 0, `${lost.length} of ${count + lost.length} failed: ${[...new Set(lost)].join()}`);
  return `${count} callbacks answered, the slowest after ${(slowestMs / 1000).toFixed(1)} s`;
}

/** Installs it, and has it do its work. */
export async function firstDay(world: World): Promise<void> {
  await runPage(README, world);
  await check('both units run, and systemd has nothing to complain of', async () => {
    await inBox('systemctl is-active lava-bridge.service lava-bridge.socket');
    const failures = await inBox('systemctl --failed --no-legend --plain');
    expect(failures.trim() === '', failures);
  });
  await check('init has moved the socket to http.listen', async () => {
    const shown = await inBox('systemctl show -P Listen lava-bridge.socket');
    expect(shown.includes(`127.0.0.1:${world.ports.callbacks} `), shown);
  });
  await check('nothing of it comes from a network', () =>
    inBox(
      'unshare --net dpkg --force-confnew -i build/*_amd64.deb > /dev/null && systemctl is-active lava-bridge',
    ).then(() => undefined),
  );
  await check('it does its work: a request comes out as a result', () => world.allPass([world.publish()]));
  await check('manual pages and completion are there', () =>
    inBox(`test -s /usr/share/man/man1/lava-bridge.1.gz && test -s /usr/share/man/man1/lava-bridge-jobs.1.gz
source /usr/share/bash-completion/completions/lava-bridge; COMP_WORDS=(lava-bridge jobs sh); COMP_CWORD=2; _lava_bridge; [ "\${COMPREPLY[*]}" = show ]`),
  );
  await check('the unit is confined: 1.3 as shipped, 1.1 with the egress drop-in, or better', () =>
    confinement(world),
  );
  await check('a restart refuses no callback', async () => {
    const sent = callbacks(world);
    await inBox('systemctl restart lava-bridge');
    return answered(sent);
  });
  await check('a reload reads the configuration again, without another process', async () => {
    const before = await pidOf('lava-bridge');
    await inBox('systemctl reload lava-bridge && systemctl is-active lava-bridge');
    expect((await pidOf('lava-bridge')) === before, 'it is another process');
    await isReady(world.ports.api);
  });
  await check('a wrong configuration ends with 78 and is not tried again', wrongConfiguration);
}

async function exposure(): Promise<number> {
  const said = await inBox('systemd-analyze security --no-pager lava-bridge.service');
  return Number(/Overall exposure level.*?: ([0-9.]+)/.exec(said)?.[1] ?? '10');
}

async function confinement({ ports }: World): Promise<string> {
  const dropIn = '/etc/systemd/system/lava-bridge.service.d/egress.conf';
  const restart = 'systemctl daemon-reload && systemctl restart lava-bridge';
  const shipped = await exposure();
  await inBox(`install -D -m 644 /usr/share/doc/lava-bridge/examples/egress.conf ${dropIn} && ${restart}`);
  const egress = await exposure();
  await isReady(ports.api);
  await inBox(`rm ${dropIn} && ${restart}`);
  expect(shipped <= 1.3 && egress <= 1.1, `${shipped}, ${egress}`);
  return `${shipped}, ${egress}`;
}

async function wrongConfiguration(): Promise<void> {
  const file = '/etc/lava-bridge/lava-bridge.yaml';
  await inBox(`cp -a ${file} /root/kept.yaml && echo "lbas: []" >> ${file}`);
  // Without the socket: a callback that comes has systemd try once more.
  await tryInBox('systemctl stop lava-bridge.socket; systemctl restart lava-bridge');
  const said = await inBox(
    `sleep 6; systemctl show -p ExecMainStatus,NRestarts,ActiveState lava-bridge; journalctl -b -u lava-bridge -o cat -n 20
cp -a /root/kept.yaml ${file}; systemctl reset-failed; systemctl restart lava-bridge.socket lava-bridge`,
  );
  const isSo = ['ExecMainStatus=78', 'NRestarts=0', 'ActiveState=failed', 'lbas: no such key'].every(
    (words) => said.includes(words),
  );
  expect(isSo, said);
}

/** Runs the commands of all other pages. */
export async function allPages(world: World): Promise<void> {
  await prepare(world);
  for (const chapter of CHAPTERS) await runPage(chapter, world);
}

/** Writes what the pages have their reader write. */
async function prepare(world: World): Promise<void> {
  await inBox('mkdir -p kept/config');
  await writeInBox('request.json', asHere(fileIn('docs/first-job.md', '"node": {'), world));
  await writeInBox(
    'kept/config/pipeline.yaml',
    'runtimes: { lava-mylab: { lab_type: pull_labs } }\nplatforms: { qemu-x86_64: { arch: x86_64, boot_method: qemu } }',
  );
  const free = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
  const [listen, api, pages] = [await free(), await free(), await free()];
  await changeConfiguration((config) => {
    delete config.maestro;
    config.report = { maestro: 'off' };
    config.http = { listen, api_listen: api, pages_listen: pages, public_url: `http://${listen}` };
    config.store = { sqlite: '/var/lib/lava-bridge-mylab/lava-bridge.db' };
  }, 'kept/mylab.yaml');
}
