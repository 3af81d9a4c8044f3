// Loaded before the daemon: measures what it takes. Each message that comes is answered with what was measured since the
// last one.
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { counts } from './store-watch.ts';

const RESOLUTION = 10;
/** man 5 proc: forgets the most memory that there was so far. */
const RESET_PEAK = '5';
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();
let used = process.cpuUsage();
let counted = { ...counts };

process.on('message', () => {
  const { user, system } = process.cpuUsage(used);
  // What is measured is the time from one look at the clock to the next: without delay, the resolution.
  const heldMs = Math.max(0, delay.max / 1e6 - RESOLUTION);
  process.send?.({
    residentBytes: residentPeak(),
    heldMs,
    processorMs: (user + system) / 1000,
    statements: counts.statements - counted.statements,
    transactions: counts.transactions - counted.transactions,
    syncs: counts.syncs - counted.syncs,
  });
  used = process.cpuUsage();
  counted = { ...counts };
  delay.reset();
  writeFileSync('/proc/self/clear_refs', RESET_PEAK);
});
process.channel?.unref();

/** The most memory that the process has had since (bytes): the kernel knows it, and to look again and again would take time. */
function residentPeak(): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kib) * 1024;
}
