// Runs the contract against the real lab, whose addresses and tokens stand in the environment (its lab.env):
// `npm run contract`.
import { ageOf } from '../../src/sim/lava/age.ts';
import { describeLava } from '../contract/lava.ts';
import { labFact } from './environment.ts';

describeLava(
  'a real LAVA',
  async () => ({
    age: ageOf(labFact('VERSION')),
    url: labFact('URL'),
    eventsUrl: labFact('WS_URL'),
    user: labFact('BRIDGE_USER'),
    token: labFact('BRIDGE_TOKEN'),
    other: { user: labFact('OTHER_USER'), token: labFact('OTHER_TOKEN') },
    callback: { name: labFact('CALLBACK_TOKEN_NAME'), token: labFact('CALLBACK_TOKEN') },
    kernelUrl: (kind) =>
      `${labFact('ARTIFACT_URL')}/amd64/${kind.endsWith('-404') ? 'no-such-kernel' : 'bzImage'}`,
    ramdiskUrl: `${labFact('ARTIFACT_URL')}/amd64/initramfs.cpio.gz`,
    stop: async () => {},
  }),
  180_000,
);
