// Notifies systemd (sd_notify): ready, alive, stopping. Node has no datagram sockets of that kind, so systemd's
// own small program does it; without a NOTIFY_SOCKET nothing is done.
import { execFile } from 'node:child_process';
import type { Logger } from 'pino';
import { errorText } from './core/errors.ts';

export interface Notifier {
  /** All is up; from now on the watchdog is notified regularly, as long as `alive` says so. */
  ready: (alive: () => boolean) => void;
  stopping: () => void;
}

/** Does nothing outside systemd (without NOTIFY_SOCKET). */
export function createNotifier(log: Logger, env: NodeJS.ProcessEnv = process.env): Notifier {
  if (env['NOTIFY_SOCKET'] === undefined) return { ready: () => undefined, stopping: () => undefined };
  let watchdog: NodeJS.Timeout | undefined;
  let hasFailed = false;

  function notify(...words: string[]): void {
    execFile('systemd-notify', words, { timeout: 10_000, env }, (error) => {
      if (error === null || hasFailed) return;
      hasFailed = true;
      log.error({ error: errorText(error) }, 'systemd-notify failed; is NotifyAccess=all set in the unit?');
    });
  }

  return {
    ready(alive) {
      notify('--ready', `--pid=${process.pid}`, '--status=running');
      const usec = Number(env['WATCHDOG_USEC'] ?? '0');
      if (usec <= 0) return;
      watchdog = setInterval(() => {
        if (alive()) notify('WATCHDOG=1');
        else log.error('no progress in the work loops; systemd will restart the daemon');
      }, usec / 3000);
      watchdog.unref();
    },
    stopping() {
      clearInterval(watchdog);
      notify('STOPPING=1');
    },
  };
}
