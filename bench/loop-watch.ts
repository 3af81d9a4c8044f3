// Loaded before the daemon: measures what it takes. Each message that comes is answered with what was measured since the
// last one.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();
let used = process.cpuUsage();
let peak = 0;
setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), RESOLUTION).unref();

process.on('message', () => {
  const { user, system } = process.cpuUsage(used);
  // What is measured is the time from one look at the clock to the next: without delay, the resolution.
  const heldMs = Math.max(0, delay.max / 1e6 - RESOLUTION);
  process.send?.({ residentBytes: peak, heldMs, processorMs: (user + system) / 1000 });
  used = process.cpuUsage();
  peak = process.memoryUsage.rss();
  delay.reset();
});
process.channel?.unref();
