// The pages of the docs whose commands are run in the box, in the order of an admin's first weeks, and what each needs around it:
// the names of examples in place, files that the page has written by hand.
import type { World } from './world.ts';

/** A page, or a part of it. */
export interface Chapter {
  page: string;
  /** Which of its commands; all if it is not there. */
  only?: RegExp;
  /** Run before commands that match, in this order. */
  before?: readonly [command: RegExp, script: (world: World) => string][];
  /** Run after the last command. */
  after?: string;
}

const KEPT = '/root/kept';
const READY = 'for i in $(seq 300); do lava-bridge labs > /dev/null 2>&1 && exit 0; sleep 0.2; done; exit 1';

/** After README, with a configured daemon. `docs/install.md` twice: its package, and later its tarball. */
export const CHAPTERS: readonly Chapter[] = [
  {
    page: 'docs/install.md',
    only: /^(?!tar |\/opt\/)/,
    before: [
      [/mylab\.yaml$/, () => `cp ${KEPT}/mylab.yaml /etc/lava-bridge/mylab.yaml`],
      [/^install -D/, () => 'systemctl disable --now lava-bridge@mylab'],
    ],
    after: `rm -r /etc/systemd/system/lava-bridge.service.d /etc/lava-bridge/mylab.yaml; systemctl daemon-reload; systemctl restart lava-bridge; ${READY}`,
  },
  {
    page: 'docs/first-job.md',
    before: [
      [
        /^lava-bridge init/,
        () =>
          `systemctl stop lava-bridge; mkdir -p ${KEPT}/secrets; mv /etc/lava-bridge/lava-bridge.yaml ${KEPT}/; mv /etc/lava-bridge/secrets/* ${KEPT}/secrets/`,
      ],
    ],
    after: `mv ${KEPT}/lava-bridge.yaml /etc/lava-bridge/; mv ${KEPT}/secrets/* /etc/lava-bridge/secrets/; systemctl restart lava-bridge; ${READY}`,
  },
  {
    page: 'docs/import.md',
    before: [
      [
        /^lava-bridge import kernelci/,
        () =>
          `mv /etc/lava-bridge ${KEPT}/etc; cp -r ${KEPT}/config config; tr -d '\\n' < request.json > requests.jsonl`,
      ],
      [/^lava-bridge import lava/, () => `rm -r /etc/lava-bridge; mv ${KEPT}/etc /etc/lava-bridge`],
    ],
  },
  {
    page: 'docs/ways-in.md',
    before: [[/^curl/, () => "sed -i 's/000000000000000000000001/000000000000000000000002/' request.json"]],
  },
  { page: 'docs/operations.md', after: 'systemctl kill --kill-whom=main --signal=USR2 lava-bridge' },
  { page: 'docs/configuration.md' },
  { page: 'docs/backup.md', after: READY },
  {
    page: 'docs/upgrade.md',
    before: [
      [
        /^systemctl stop/,
        () =>
          'systemctl stop lava-bridge; cp -a /var/lib/lava-bridge/lava-bridge.db /var/lib/lava-bridge/lava-bridge.db.schema-1; systemctl start lava-bridge',
      ],
    ],
    after: `systemctl start lava-bridge; ${READY}`,
  },
];

/** In a second box, where there is no package. */
export const TARBALL: Chapter = { page: 'docs/install.md', only: /^(?:tar |\/opt\/)/ };

/** What stands in a page for what the reader has of their own. */
export function asHere(text: string, { files, ports }: World): string {
  return text
    .replaceAll('https://example.org/bzImage', `${files}/bzImage`)
    .replaceAll('https://example.org/rootfs.cpio.gz', `${files}/initramfs.cpio.gz`)
    .replaceAll('http://bridge.example:8481', `http://127.0.0.1:${ports.api}`)
    .replaceAll('[--wait]', '--wait')
    .replace('https://bridge.example/healthz', '"$(cat /root/.public)/healthz"')
    .replace(/^curl -H /, 'curl -fsS -H ');
}
