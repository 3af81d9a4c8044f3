// What the daemon and systemd say to each other: the socket that it passes, and the notifications (sd_notify) that it is
// sent: ready, alive, reloading, stopping. Without systemd there are none.
import type { Logger } from 'pino';
import { BridgeError, errorText } from './core/errors.ts';
import { openDatagramSender } from './core/unix-datagram.ts';

export interface Notifier {
  /** All is up; from now on the watchdog is notified regularly, as long as `alive` says so. */
  ready: (alive: () => boolean) => void;
  /** The configuration is being read again; `reloaded` ends it, whether the new one or the old one counts now. */
  reloading: () => void;
  reloaded: () => void;
  stopping: () => void;
}

/** Of the sockets that systemd passes, the first. */
const FIRST_SOCKET = 3;

/**
 * The descriptor of the listening socket for callbacks, if systemd has one for this process (lava-bridge.socket). It is
 * handed out once, and no child process sees it. Throws BridgeError `config` if there are several.
 */
export function takePassedSocket(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (count === undefined || Number(pid) !== process.pid) return undefined;
  if (count === '1') return FIRST_SOCKET;
  throw new BridgeError(
    'config',
    `lava-bridge.socket has ${count} addresses; callbacks come to one (in a drop-in, an empty ListenStream= before the new one takes the old one away)`,
  );
}

/** Does nothing outside systemd (without NOTIFY_SOCKET). Throws BridgeError `local_socket` where that cannot be sent to. */
export async function createNotifier(log: Logger, env: NodeJS.ProcessEnv = process.env): Promise<Notifier> {
  const path = env['NOTIFY_SOCKET'];
  if (path === undefined) {
    const nothing = (): void => undefined;
    return { ready: nothing, reloading: nothing, reloaded: nothing, stopping: nothing };
  }
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
    reloading() {
      // By the clock that it is compared with: systemd asks for it since version 253, and ignores it before.
      notify(
        'RELOADING=1',
        `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`,
        'STATUS=reading the configuration',
      );
    },
    reloaded() {
      notify('READY=1', 'STATUS=running');
    },
    stopping() {
      clearInterval(watchdog);
      notify('STOPPING=1', 'STATUS=stopping');
    },
  };
}
