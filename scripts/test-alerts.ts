// `npm run alerts`: holds the alert rules against Prometheus' own tool (promtool, from Debian's package prometheus): that they
// are rules, that each fires when it must, and that each is tested.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ALERTS } from '../src/metrics/alerts.ts';

const RULES = 'docs/alerts/lava-bridge.yaml';
const TESTS = 'test/alerts/lava-bridge.yaml';

function promtool(...args: string[]): boolean {
  const { error, status } = spawnSync('promtool', args, { stdio: 'inherit', timeout: 120_000 });
  if (error !== undefined) {
    process.stderr.write(`promtool: ${error.message}; it comes with \`apt-get install prometheus\`\n`);
  }
  return status === 0;
}

const tests = readFileSync(TESTS, 'utf8');
const untested = ALERTS.filter(({ name }) => !tests.includes(`alertname: ${name}\n`));
for (const { name } of untested) process.stderr.write(`${TESTS} has no test for ${name}\n`);
const isGood = promtool('check', 'rules', RULES) && promtool('test', 'rules', TESTS) && untested.length === 0;
process.stdout.write(isGood ? `${ALERTS.length} passed, 0 failed\n` : `0 passed, 1 failed\n`);
process.exitCode = isGood ? 0 : 1;
