// `npm run box`: installs the package in a fresh Debian 12 with a running systemd, and does there what an admin does in a year.
// As root on Debian 12, where namespaces may be made.
//
//   npm run box [-- --deb FILE]        a package that is there; without it one is made
//   test/lab/in-lab npm run box -- --real [--lab newest]     on a real LAVA, in place of the simulated one
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { flood } from './flood.ts';
import { end, fresh, inBox, onHost, push, tryInBox } from './machine.ts';
import { breakProgram, cutShort, variant } from './packages.ts';
import { configure, startWorld } from './world.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: { deb: { type: 'string' }, real: { type: 'boolean', default: false } },
});

const folder = mkdtempSync(join(tmpdir(), 'lava-bridge-box-'));
const began = Date.now();
let [passed, failed] = [0, 0];

/** One thing to see; later ones go on without it. */
async function check(what: string, look: () => Promise<unknown>): Promise<void> {
  const at = Date.now();
  try {
    const said = await look();
    passed += 1;
    process.stdout.write(
      `ok      ${what} (${((Date.now() - at) / 1000).toFixed(1)} s)${typeof said === 'string' ? `: ${said}` : ''}\n`,
    );
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAILED  ${what}\n${String(error).replaceAll(/^/gm, '        ')}\n`);
  }
}

function expect(fact: boolean, otherwise: string): void {
  if (!fact) throw new Error(otherwise);
}

async function makeDeb(): Promise<string> {
  // What is thrown away afterwards need not be small.
  const env = { DPKG_DEB_COMPRESSOR_TYPE: 'none' };
  const said = await onHost(
    process.execPath,
    [join(ROOT, 'scripts/package.ts'), 'deb', '--arch', process.arch],
    env,
  );
  return said.trim().split('\n').at(-1) ?? '';
}

/** The commands of README's "Install for real", as they stand. */
async function readmeCommands(): Promise<string[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const section = /^## Install for real\n([\s\S]*?)^##/m.exec(readme)?.[1] ?? '';
  const block = /(?:^ {4}.*\n)+/m.exec(section)?.[0] ?? '';
  return block.split('\n').map((line) => line.replace(/\s#.*$/, '').trim()).filter((line) => line !== ''); // prettier-ignore
}

const pidOf = async (unit: string): Promise<string> =>
  (await inBox(`systemctl show -P MainPID ${unit}`)).trim();
const versionOf = async (): Promise<string> =>
  (await inBox("dpkg-query -W -f '${Version}' lava-bridge")).trim();
const isReady = (port: number): Promise<string> =>
  inBox(
    `for i in $(seq 600); do if curl -fsS http://127.0.0.1:${port}/readyz > /dev/null 2>&1; then exit 0; fi; sleep 0.1; done; curl -sS http://127.0.0.1:${port}/readyz; exit 1`,
  );

async function exposure(unit: string): Promise<number> {
  const said = await inBox(`systemd-analyze security --no-pager ${unit}`);
  return Number(/Overall exposure level.*?: ([0-9.]+)/.exec(said)?.[1] ?? '10');
}

async function all(): Promise<void> {
  const deb = values.deb ?? (await makeDeb());
  const current = { deb, folder };
  const world = await startWorld(values.real);
  const { callbacks, api } = world.ports;
  await fresh();
  await push(deb, '/root/');
  await inBox('mkdir -p build && mv lava-bridge_*.deb build/lava-bridge_0.1.0_amd64.deb');

  await check("README's commands install it and start it, without a network for dpkg", async () => {
    for (const command of await readmeCommands()) {
      if (/^npm |^git /.test(command)) continue;
      if (command.startsWith('lava-bridge init')) await configure(world);
      else await inBox(command);
    }
    await inBox('systemctl is-active lava-bridge.service lava-bridge.socket');
    const failures = await inBox('systemctl --failed --no-legend --plain');
    expect(failures.trim() === '', failures);
  });
  await check('nothing of it comes from a network', () =>
    inBox('unshare --net dpkg --force-confnew -i build/*.deb > /dev/null && systemctl is-active lava-bridge'),
  );
  await check('it does its work: a request comes out as a result', async () => {
    const results = await world.results([world.publish()]);
    expect(results.join() === 'pass', `results: ${results.join()}`);
    await inBox('lava-bridge jobs && lava-bridge labs');
  });
  await check('the unit is confined: 1.3 as shipped, 1.1 with the egress drop-in, or better', async () => {
    const shipped = await exposure('lava-bridge.service');
    await inBox(
      'install -D -m 644 /usr/share/doc/lava-bridge/examples/egress.conf /etc/systemd/system/lava-bridge.service.d/egress.conf && systemctl daemon-reload && systemctl restart lava-bridge',
    );
    const egress = await exposure('lava-bridge.service');
    await isReady(api);
    await inBox(
      'rm /etc/systemd/system/lava-bridge.service.d/egress.conf && systemctl daemon-reload && systemctl restart lava-bridge',
    );
    expect(shipped <= 1.3 && egress <= 1.1, `${shipped}, ${egress}`);
    return `${shipped}, ${egress}`;
  });
  await check('manual pages and completion are there', () =>
    inBox(`test -s /usr/share/man/man1/lava-bridge.1.gz && test -s /usr/share/man/man1/lava-bridge-jobs.1.gz
source /usr/share/bash-completion/completions/lava-bridge; COMP_WORDS=(lava-bridge jobs sh); COMP_CWORD=2; _lava_bridge; [ "\${COMPREPLY[*]}" = show ]`),
  );
  await check('a restart refuses no callback', async () => {
    const sent = flood(
      `http://127.0.0.1:${callbacks}/callback/lava-box/0123`,
      world.secrets['callback-token'] ?? '',
    );
    await inBox('systemctl restart lava-bridge');
    return summary(await sent.end());
  });
  await check('an upgrade while jobs run and callbacks come: none refused, none lost', async () => {
    const file = await variant(current, '9.0.1');
    await push(file, '/root/');
    const before = await pidOf('lava-bridge');
    const jobs = Array.from({ length: values.real ? 2 : 8 }, () => world.publish());
    const sent = flood(
      `http://127.0.0.1:${callbacks}/callback/lava-box/0123`,
      world.secrets['callback-token'] ?? '',
    );
    await inBox('apt-get -qy install ./lava-bridge_9.0.1.deb');
    const counted = summary(await sent.end());
    expect(
      (await pidOf('lava-bridge')) !== before && (await versionOf()) === '9.0.1',
      'the new version does not run',
    );
    const results = await world.results(jobs);
    expect(
      results.every((result) => result === 'pass'),
      `results: ${results.join()}`,
    );
    return counted;
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
      const [result] = await world.results([world.publish()]);
      await push(await variant(current, '9.0.3'), '/root/');
      await inBox('apt-get -qy install ./lava-bridge_9.0.3.deb');
      expect((await pidOf('lava-bridge')) !== before, 'the daemon was not restarted');
      await isReady(api);
      expect(result === 'pass', `result: ${result}`);
    },
  );
  await check('a reload reads the configuration again, without another process', async () => {
    const before = await pidOf('lava-bridge');
    await inBox('systemctl reload lava-bridge && sleep 1 && systemctl is-active lava-bridge');
    expect((await pidOf('lava-bridge')) === before, 'it is another process');
    await isReady(api);
  });
  await check('a wrong configuration ends with 78 and is not tried again', async () => {
    await inBox(
      'cp -a /etc/lava-bridge/lava-bridge.yaml /root/kept.yaml && echo "lbas: []" >> /etc/lava-bridge/lava-bridge.yaml',
    );
    await tryInBox('systemctl restart lava-bridge');
    const said = await inBox(
      `sleep 6; systemctl show -P ExecMainStatus -P NRestarts -P ActiveState lava-bridge; journalctl -b -u lava-bridge -o cat -n 20; cp -a /root/kept.yaml /etc/lava-bridge/lava-bridge.yaml; systemctl reset-failed; systemctl restart lava-bridge.socket lava-bridge`,
    );
    expect(/^78$/m.test(said) && /^failed$/m.test(said) && said.includes('lbas'), said);
  });
  await check('an instance for another lab runs next to it', async () => {
    const text = world.configuration({
      http: {
        listen: '127.0.0.1:0',
        api_listen: '127.0.0.1:0',
        pages_listen: '127.0.0.1:0',
        public_url: 'http://127.0.0.1:1',
      },
      store: { sqlite: '/var/lib/lava-bridge-other/lava-bridge.db' },
    });
    await inBox(
      `cat > /etc/lava-bridge/other.yaml <<'END'\n${text}\nEND\nsystemctl start lava-bridge@other && systemctl is-active lava-bridge@other lava-bridge && test -s /var/lib/lava-bridge-other/lava-bridge.db`,
    );
  });
  await check('a purge leaves nothing', async () => {
    await inBox('apt-get -qy purge lava-bridge');
    const left = await inBox(
      "find / -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /var/log -o -path /tmp \\) -prune -o -name '*lava-bridge*' -print; systemctl list-units --all --plain --no-legend 'lava-bridge*'; ls -d /run/credentials/lava-bridge* 2> /dev/null || :",
    );
    expect(left.trim() === '', left);
  });
  await world.stop();
}

function summary({
  answered,
  failed: lost,
  slowestMs,
}: {
  answered: number;
  failed: string[];
  slowestMs: number;
}): string {
  expect(
    lost.length === 0,
    `${lost.length} of ${answered + lost.length} failed: ${[...new Set(lost)].join(', ')}`,
  );
  return `${answered} callbacks answered, the slowest after ${(slowestMs / 1000).toFixed(1)} s`;
}

try {
  await all();
} catch (error) {
  failed += 1;
  process.stdout.write(`FAILED  the box, its package and what it talks to\n${String(error)}\n`);
}
await end();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`in ${Math.round((Date.now() - began) / 1000)} s\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
