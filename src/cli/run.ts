// `lava-bridge run`: the daemon in the foreground, as systemd wants it.
import { flushCompileCache } from 'node:module';
import type { Command } from 'commander';
import { errorText } from '../core/errors.ts';
import { giveMemoryBack } from '../core/heap.ts';
import { openLog, type DaemonLog } from '../core/logger.ts';
import type { LogLevel } from '../core/log-record.ts';
import { loadConfig } from '../config/load.ts';
import { storeOf } from '../daemon-parts.ts';
import { createDaemon, type Delays } from '../daemon.ts';
import { openState } from '../store/index.ts';
import { createNotifier, takePassedSocket } from '../systemd.ts';
import { configOption } from './common.ts';

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run the daemon')
    .addOption(configOption())
    .action(async (options: { config: string }) => {
      await run(options.config);
    });
}

/** Returns when a signal asked for the end and all is stopped; a second signal does not wait. `delays`: shorter in tests. */
export async function run(file: string, delays: Delays = {}): Promise<void> {
  const config = await loadConfig(file);
  const daemonLog = await openLog(config.log_level);
  const { log } = daemonLog;
  // A reload changes the configuration's level.
  switchLevelBySignal(daemonLog, () => config.log_level);
  const systemd = await createNotifier(log);
  const claim = (await openState(storeOf(config))).claim();
  const daemon = await createDaemon(config, { log, delays, callbackSocket: takePassedSocket() });
  await Promise.race([daemon.start(), daemon.storeFault]);
  systemd.ready(() => daemon.alive());
  log.info({ listen: daemon.urls, labs: config.labs.map((lab) => lab.name) }, 'running');
  const running = new AbortController();
  void giveMemoryBack(running.signal);
  // What the launcher has Node keep of the compiled program; by itself Node writes it when the process ends, which may be by a kill.
  flushCompileCache();

  process.on('SIGHUP', () => {
    systemd.reloading();
    void daemon.reload
      .all(() => loadConfig(file))
      .then(() => daemonLog.setLevel(config.log_level))
      .finally(() => systemd.reloaded());
  });

  await new Promise<void>((resolve) => {
    let isStopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(1);
        isStopping = true;
        log.debug({ signal }, 'stopping');
        resolve();
      });
    }
    void daemon.storeFault.then(() => {
      // systemd starts it again, which mends it.
      process.exitCode = 1;
      return resolve();
    });
  });
  systemd.stopping();
  running.abort();
  try {
    await daemon.stop();
    log.debug('stopped');
  } catch (error) {
    log.error({ error: errorText(error) }, 'not stopped cleanly');
    process.exitCode = 1;
  }
  claim.release();
}

/** SIGUSR2 shows what is debug, too; the next one ends that. */
function switchLevelBySignal({ log, setLevel }: DaemonLog, configured: () => LogLevel): void {
  let isDebug = false;
  process.on('SIGUSR2', () => {
    isDebug = !isDebug;
    const level = isDebug ? 'debug' : configured();
    setLevel(level);
    log.info({ logLevel: level }, 'the log level was changed by SIGUSR2');
  });
}
