import { startLavaSimulator } from '../../src/sim/lava/simulator.ts';
import { describeLava } from '../contract/lava.ts';

describeLava(
  'the simulated LAVA',
  async () => {
    const other = { name: 'other', token: 'other-token' };
    const simulator = await startLavaSimulator({ users: [{ name: 'bridge', token: 'bridge-token' }, other] });
    return {
      ...simulator,
      other: { user: other.name, token: other.token },
      kernelUrl: (kind) => `http://127.0.0.1:9/scenario/${kind}/bzImage`,
      ramdiskUrl: 'http://127.0.0.1:9/initramfs.cpio.gz',
    };
  },
  15_000,
);
