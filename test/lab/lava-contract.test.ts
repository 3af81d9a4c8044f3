// Runs the contract against the real lab, whose addresses and tokens stand in the environment (its lab.env):
// `npx vitest run --config test/lab/vitest.config.ts`.
import { describeLava } from '../contract/lava.ts';

function lab(name: string): string {
  const value = process.env[`LAVALAB_${name}`];
  if (value === undefined) throw new Error(`LAVALAB_${name} is not set: read the lab's lab.env first`);
  return value;
}

describeLava(
  'a real LAVA',
  async () => ({
    url: lab('URL'),
    eventsUrl: lab('WS_URL'),
    user: lab('BRIDGE_USER'),
    token: lab('BRIDGE_TOKEN'),
    other: { user: lab('OTHER_USER'), token: lab('OTHER_TOKEN') },
    callback: { name: lab('CALLBACK_TOKEN_NAME'), token: lab('CALLBACK_TOKEN') },
    kernelUrl: (kind) =>
      `${lab('ARTIFACT_URL')}/amd64/${kind === 'deploy-404' ? 'no-such-kernel' : 'bzImage'}`,
    ramdiskUrl: `${lab('ARTIFACT_URL')}/amd64/initramfs.cpio.gz`,
    stop: async () => {},
  }),
  180_000,
);
