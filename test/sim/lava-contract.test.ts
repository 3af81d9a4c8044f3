import { LAVA_AGES } from '../../src/sim/lava/age.ts';
import { startLavaSimulator } from '../../src/sim/lava/simulator.ts';
import { describeLava } from '../contract/lava.ts';

const BRIDGE = { name: 'bridge', token: 'bridge-token' };
const OTHER = { name: 'other', token: 'other-token' };

/** The scenario of a kind of job that has none of that name. */
const SCENARIOS = new Map([
  ['expected', 'pass'],
  ['expected-404', 'deploy-404'],
]);

for (const age of LAVA_AGES) {
  describeLava(
    `the simulated LAVA ${age}`,
    async () => {
      const simulator = await startLavaSimulator({ age, callbackTimeoutMs: 60_000, users: [BRIDGE, OTHER] });
      return {
        ...simulator,
        age,
        other: { user: OTHER.name, token: OTHER.token },
        kernelUrl: (kind) => `http://127.0.0.1:9/scenario/${SCENARIOS.get(kind) ?? kind}/bzImage`,
        ramdiskUrl: 'http://127.0.0.1:9/initramfs.cpio.gz',
      };
    },
    60_000,
  );
}
