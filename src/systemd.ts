// Notifies systemd (sd_notify): ready, alive, stopping. Without a NOTIFY_SOCKET nothing is done.
import type { Logger } from 'pino';
import { errorText } from './core/errors.ts';
import { openDatagramSender } from './core/unix-datagram.ts';

export interface Notifier {
  /** All is up; from now on the watchdog is notified regularly, as long as `alive` says so. */
  ready: (alive: () => boolean) => void;
  stopping: () => void;
}

/** Does nothing outside systemd (without NOTIFY_SOCKET). Throws BridgeError `local_socket` where that cannot be sent to. */
export async function createNotifier(log: Logger, env: NodeJS.ProcessEnv = process.env): Promise<Notifier> {
  const path = env['NOTIFY_SOCKET'];
  if (path === undefined) return { ready: () => undefined, stopping: () => undefined };
  const socket = await openDatagramSender(path);
  let watchdog: NodeJS.Timeout | undefined;
  let hasFailed = false;

  /** The daemon itself sends, so that `NotifyAccess=main` is enough. What fails is said once. */
  function notify(...lines: string[]): void {
    try {
      socket.send(Buffer.from(lines.join('\n')));
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) log.error({ error: errorText(error) }, 'systemd cannot be notified');
      hasFailed = true;
    }
  }

  return {
    ready(alive) {
      notify('READY=1', 'STATUS=running');
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
      notify('STOPPING=1', 'STATUS=stopping');
    },
  };
}
