// The daemon as `lava-bridge run` starts it, but without its rests: what is tested is not how long it waits.
import { run } from '../../src/cli/run.ts';

await run(process.argv[2] ?? '', {
  claimSettle: 100,
  kcidbFirstLook: 100,
  askParts: 3_600_000,
  notify: 200,
  quietAfterCrash: 500,
});
