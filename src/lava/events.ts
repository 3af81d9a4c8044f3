// LAVA's event stream, followed for as long as the daemon runs. It has no history and may fall silent while connected,
// so its messages are hints: the caller polls as well, and reconciles each time the stream is back.
import { WebSocket, type RawData } from 'ws';
import { errorText } from '../core/errors.ts';
import { USER_AGENT } from '../core/http-exchange.ts';
import { backoff, MINUTE, SECOND } from '../core/time.ts';
import { parseFrame, type LavaEvent } from './event-frame.ts';
import { basicAuth } from './xmlrpc.ts';

export type { DeviceEvent, JobEvent, LavaEvent, WorkerEvent } from './event-frame.ts';

export interface LavaEventOptions {
  /** `ws://lava.example/ws/`; see eventsUrl. */
  url: string;
  /** Newer LAVA shows private jobs only to their owner; LAVA 2023.01 shows everything to everybody. */
  user?: string | undefined;
  token?: string | undefined;
  onEvent: (event: LavaEvent) => void;
  /** Connected (again): what happened meanwhile is unknown, so ask for it. */
  onConnected: () => void;
  /** It spoke, or answered a ping. */
  onAlive?: () => void;
  /** Not connected any more, or never connected; called once, not for each attempt to reconnect. */
  onLost: (reason: string) => void;
  /** Connected, but without any event for that long (ms); called once until the next event. */
  onQuiet: (ms: number) => void;
  /** How often the peer has to prove that it lives, ms. A missing answer for two such times is the end. */
  pingMs?: number;
  quietMs?: number;
  /** The first and the longest wait before the next try, ms. */
  retryMs?: number;
  maxRetryMs?: number;
  handshakeMs?: number;
}

export interface LavaEventStream {
  isConnected: () => boolean;
  /** Closes the connection and ends all timers; no callback is called afterwards. */
  stop: () => void;
}

/** LAVA's largest event has a few hundred bytes. */
const MAX_FRAME = 1024 * 1024;

/** Where the event stream of a LAVA at `url` is, unless its admin put it elsewhere. */
export function eventsUrl(url: string): string {
  return `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws/`;
}

/** Connects, and comes back after each loss, until it is stopped. */
export function followLavaEvents(options: LavaEventOptions): LavaEventStream {
  const {
    pingMs = 25 * SECOND,
    quietMs = 10 * MINUTE,
    retryMs = SECOND,
    maxRetryMs = MINUTE,
    handshakeMs = 10 * SECOND,
  } = options;
  let socket: WebSocket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let tries = 0;
  let isUp = false;
  let isLost = false;
  let stopped = false;

  function connect(): void {
    const current = new WebSocket(options.url, {
      headers: { 'user-agent': USER_AGENT, ...credentials(options) },
      handshakeTimeout: handshakeMs,
      maxPayload: MAX_FRAME,
      perMessageDeflate: false,
    });
    socket = current;
    let reason = 'the connection was closed';
    const give = (why: string): void => {
      reason = why;
      current.terminate();
    };
    const watch = watchSocket(current, { pingMs, quietMs, onMute: give, onQuiet: options.onQuiet });
    // LAVA lets everybody in, and then says whom it refuses: only what comes next shows that we are connected.
    const isAlive = (): void => {
      tries = 0;
      options.onAlive?.();
      if (isUp) return;
      isUp = true;
      isLost = false;
      options.onConnected();
    };
    current.on('open', () => current.ping());
    current.on('pong', isAlive);
    current.on('message', (data) => {
      const event = parseFrame(textOf(data));
      if (event?.kind === 'error') return give(`LAVA refused: ${event.message}`);
      if (event === undefined) return;
      watch.sawEvent();
      isAlive();
      options.onEvent(event);
    });
    current.on('error', (error) => (reason = errorText(error)));
    current.on('close', () => {
      watch.stop();
      isUp = false;
      if (stopped) return;
      if (!isLost) options.onLost(reason);
      isLost = true;
      retry = setTimeout(connect, backoff(tries++, retryMs, maxRetryMs));
    });
  }

  connect();
  return {
    isConnected: () => isUp,
    stop: () => {
      stopped = true;
      isUp = false;
      clearTimeout(retry);
      socket?.terminate();
    },
  };
}

function credentials({ user, token }: LavaEventOptions): Record<string, string> {
  return user === undefined || token === undefined ? {} : { authorization: basicAuth(user, token) };
}

interface Watch {
  sawEvent: () => void;
  stop: () => void;
}

/** Pings an open socket. LAVA sends no pings itself; a peer that is gone would never be noticed. */
function watchSocket(
  socket: WebSocket,
  options: {
    pingMs: number;
    quietMs: number;
    onMute: (reason: string) => void;
    onQuiet: (ms: number) => void;
  },
): Watch {
  let unanswered = 0;
  let quietSince = Date.now();
  let isQuietReported = false;
  const timer = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (unanswered >= 2) return options.onMute('LAVA answers no pings');
    unanswered++;
    socket.ping();
    const quiet = Date.now() - quietSince;
    if (quiet < options.quietMs || isQuietReported) return;
    isQuietReported = true;
    options.onQuiet(quiet);
  }, options.pingMs);
  socket.on('pong', () => (unanswered = 0));
  return {
    sawEvent: () => {
      quietSince = Date.now();
      isQuietReported = false;
      unanswered = 0;
    },
    stop: () => clearInterval(timer),
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return data instanceof ArrayBuffer ? Buffer.from(data).toString() : data.toString();
}
